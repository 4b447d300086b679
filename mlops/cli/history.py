"""`mlops history`: show what each run changed, or one run in full."""

from collections import Counter

import click

from mlops.cli.options import Files, with_color, with_files, with_format
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.spec import Fields, Json
from mlops.store.revisions import Revision


@click.command("history")
@click.argument("revision", type=click.IntRange(min=1), required=False)
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, help="How many. Default: 20."
)
@with_files
@with_format
@with_color
def command(revision: int | None, limit: int, files: Files, form: str) -> None:
    """Show the last runs that changed something, newest first; or REVISION in full."""
    revisions = open_session(files, lenient=True).revisions
    if revision is not None:
        write(view(form).record(_record(revisions.read(revision))))
        return
    rows = [_row(found) for found in revisions.list(limit)]
    write(view(form).rows(rows) or "No revisions.\n")


def _row(found: Revision) -> Fields:
    commit = str(found.lineage.get("commit") or "")
    return {
        "revision": found.number,
        "at": found.at,
        "who": found.lineage.get("who"),
        "commit": commit[:10] + ("*" if found.lineage.get("dirty") else ""),
        "changes": _counted(found.changes),
        "result": _result(found),
    }


def _record(found: Revision) -> Fields:
    return {
        "revision": found.number,
        "at": found.at,
        "result": _result(found),
        "lineage": found.lineage,
        "targets": tuple(found.targets),
        "changes": found.changes,
        "services": {
            str(thing.address): ", ".join(thing.labels.values()) or thing.endpoint
            for thing in found.desired
            if thing.address.kind == "service"
        },
    }


def _counted(changes: Fields) -> str:
    """Return how many changes there were of each sort: `+2 ~1`."""
    signs: Counter[Json] = Counter(changes.values())
    return " ".join(f"{sign}{count}" for sign, count in signs.items())


def _result(found: Revision) -> str:
    if found.damaged:
        return "damaged"
    return "open" if found.outcome is None else str(found.outcome.get("result", "done"))

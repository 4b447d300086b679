"""`mlops history`: show what each run changed, or one run in full."""

from collections import Counter

import click

from mlops.cli.options import SHEETS, Files, with_color, with_files, with_formats
from mlops.cli.past import past, result
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.spec import Fields, Json
from mlops.store.revisions import Revision
from mlops.values import Action


@click.command("history")
@click.argument("revision", type=click.IntRange(min=1), required=False)
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, help="How many. Default: 20."
)
@with_files
@with_formats(*SHEETS)
@with_color
def command(revision: int | None, limit: int, files: Files, form: str) -> None:
    """Show the last runs that changed something, newest first; or REVISION in full."""
    revisions = open_session(files, lenient=True).revisions
    if revision is not None:
        write(view(form).record(past(revisions, revision)))
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
        "result": result(found),
    }


def _counted(changes: Fields) -> str:
    """Return how many changes there were of each sort: `+2 ~1`.

    What an earlier run had left in the middle, and was found made, counts as kept: `=1`.
    """
    signs = Counter("=" if sign == "unfinished" else sign for sign in changes.values())
    return " ".join(f"{sign}{signs[sign]}" for sign in sorted(signs, key=_place))


def _place(sign: Json) -> int:
    """Return which sign goes first: what is made, then what is changed, then what goes."""
    known = [action.value for action in Action]
    return known.index(sign) if isinstance(sign, str) and sign in known else len(known)

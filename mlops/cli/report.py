"""`mlops report`: write a static site about the project."""

import os
from datetime import datetime, timezone
from pathlib import Path

import click

from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import open_session
from mlops.cli.surveying import drift_of, surveyed
from mlops.cli.terminal import say
from mlops.errors import CredentialsError, Problem, SpecError
from mlops.views.site.pages import Told, site


@click.command("report")
@click.option(
    "-o",
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("site"),
    help="Folder to write to. Default: site.",
)
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, help="How many runs. Default: 20."
)
@with_files
@with_color
def command(folder: Path, limit: int, files: Files) -> None:
    """Write a static site: services by target, drift, history, graph. Changes nothing else.

    It needs no server, no script and no network.
    """
    session = open_session(files)
    plan = surveyed(session, lenient=True)
    told = Told(
        plan=plan,
        drift=drift_of(session, plan).plan,
        revisions=session.revisions.list(limit),
        now=_now(),
    )
    pages = site(told)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        problem = Problem(
            summary=f"cannot write to `{folder}`: {error.strerror}", hint="name another with `-o`"
        )
        raise SpecError(problem) from error
    say(f"{folder / 'index.html'}\n")
    if plan.unobserved:
        raise CredentialsError(*(one.why for one in plan.unobserved))


def _now() -> datetime:
    """Return the time, or the one that a reproducible build asks for."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isascii() and given.isdigit():
        return datetime.fromtimestamp(int(given), timezone.utc)
    return datetime.now(timezone.utc)

"""`mlops plan`: show what would change."""

import click

from mlops.cli.options import (
    CHECKS,
    Files,
    with_color,
    with_files,
    with_formats,
    with_selection,
)
from mlops.cli.session import open_session
from mlops.cli.showing import show
from mlops.selection import Selection
from mlops.survey import survey
from mlops.views.github import counts

CHANGES = 2
"""Exit code of `--detailed-exitcode` when something would change."""


@click.command("plan")
@with_files
@with_selection
@with_formats(*CHECKS)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something would change.")
@with_color
def command(files: Files, selection: Selection, form: str, *, detailed_exitcode: bool) -> int:
    """Show what would change, and why. Changes nothing."""
    session = open_session(files)
    found = survey(session.world, session.desired(), selection)
    show(form, lambda view: view.plan(found), counts(found))
    return CHANGES if detailed_exitcode and found.pending else 0

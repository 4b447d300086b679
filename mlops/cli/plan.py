"""`mlops plan`: show what would change."""

import click

from mlops.cli.options import Files, with_color, with_files, with_format, with_selection
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.selection import Selection
from mlops.survey import survey

CHANGES = 2
"""Exit code of `--detailed-exitcode` when something would change."""


@click.command("plan")
@with_files
@with_selection
@with_format
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something would change.")
@with_color
def command(files: Files, selection: Selection, form: str, *, detailed_exitcode: bool) -> int:
    """Show what would change, and why. Changes nothing."""
    session = open_session(files)
    found = survey(session.world, session.desired(), selection)
    write(view(form).plan(found))
    return CHANGES if detailed_exitcode and found.pending else 0

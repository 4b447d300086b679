"""`mlops drift`: show what somebody else changed."""

import click

from mlops.cli.options import Files, with_color, with_files, with_format, with_selection
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.errors import DriftError
from mlops.plan import drifted
from mlops.selection import Selection
from mlops.survey import survey


@click.command("drift")
@with_files
@with_selection
@with_format
@with_color
def command(files: Files, selection: Selection, form: str) -> None:
    """Show what somebody else changed since the last apply; exit with 8 if anything.

    What the file wants anew is no drift: `mlops plan` shows it.
    """
    session = open_session(files)
    whole = survey(session.world, session.desired(), selection)
    found = drifted(whole, session.world.records.read())
    write(view(form).drift(found))
    if found.pending:
        raise DriftError

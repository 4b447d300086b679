"""`mlops drift`: show what somebody else changed."""

import click

from mlops.cli.options import (
    CHECKS,
    Files,
    with_also,
    with_color,
    with_files,
    with_formats,
    with_selection,
)
from mlops.cli.session import open_session
from mlops.cli.showing import show
from mlops.errors import DriftError
from mlops.plan import drifted
from mlops.selection import Selection
from mlops.survey import survey
from mlops.views.github import counts


@click.command("drift")
@with_files
@with_selection
@with_formats(*CHECKS)
@with_also
@with_color
def command(files: Files, selection: Selection, form: str) -> None:
    """Show what somebody else changed since the last apply; exit with 8 if anything.

    What the file wants anew is no drift: `mlops plan` shows it.
    """
    session = open_session(files)
    whole = survey(session.world, session.desired(), selection)
    found = drifted(whole, session.world.records.read())
    show(form, lambda view: view.drift(found), counts(found))
    if found.pending:
        raise DriftError

"""`mlops apply`: make the live world what the files say."""

import click

from mlops.cli.changing import change_world
from mlops.cli.options import (
    Agreement,
    Files,
    with_agreement,
    with_color,
    with_files,
    with_selection,
)
from mlops.cli.session import open_session
from mlops.selection import Selection


@click.command("apply")
@with_files
@with_selection
@with_agreement
@with_color
def command(files: Files, selection: Selection, agreement: Agreement) -> None:
    """Show the plan, ask, make the live world what the files say, and prove it.

    Running it twice changes nothing the second time.
    """
    session = open_session(files)
    change_world(session, session.desired, selection, agreement)

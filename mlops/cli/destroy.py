"""`mlops destroy`: delete every service of the files."""

import click

from mlops.cli.agreement import Agreement, with_agreement
from mlops.cli.changing import change_world
from mlops.cli.options import Files, with_color, with_files, with_selection
from mlops.cli.session import open_session
from mlops.selection import Selection


@click.command("destroy")
@with_files
@with_selection
@with_agreement
@with_color
def command(files: Files, selection: Selection, agreement: Agreement) -> None:
    """Delete every service of the files and what it needed, but never a registered model."""
    change_world(open_session(files, lenient=True, agreed=True), tuple, selection, agreement)

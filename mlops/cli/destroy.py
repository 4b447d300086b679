"""`mlops destroy`: delete every service of the files."""

import click

from mlops.cli.changing import change_world
from mlops.cli.options import Files, with_changes, with_color, with_files, with_format
from mlops.cli.session import open_session


@click.command("destroy")
@with_files
@with_changes
@with_format
@with_color
def command(files: Files, form: str, *, auto_approve: bool, allow_deletes: int | None) -> None:
    """Delete every service of the files and what it needed, but never a registered model."""
    change_world(
        open_session(files),
        (),
        approved=auto_approve,
        deletes=allow_deletes,
        form=form,
    )

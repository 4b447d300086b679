"""`mlops apply`: make the live world what the files say."""

import click

from mlops.cli.changing import change_world
from mlops.cli.options import Files, with_changes, with_color, with_files, with_format
from mlops.cli.session import open_session


@click.command("apply")
@with_files
@with_changes
@with_format
@with_color
def command(files: Files, form: str, *, auto_approve: bool, allow_deletes: int | None) -> None:
    """Show the plan, ask, make the live world what the files say, and prove it.

    Running it twice changes nothing the second time.
    """
    session = open_session(files)
    change_world(
        session,
        session.desired(),
        approved=auto_approve,
        deletes=allow_deletes,
        form=form,
    )

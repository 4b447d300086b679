"""`mlops unlock`: take the lock away from a run that does not come back."""

import click

from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import open_session
from mlops.cli.terminal import write
from mlops.cli.watching import waiting
from mlops.store.lock import held


@click.command("unlock")
@with_files
@with_color
def command(files: Files) -> None:
    """Tell the run that holds the lock to stop, and wait until it can change nothing more."""
    session = open_session(files, lenient=True, agreed=True)
    grant = session.lock("mlops unlock").release_by_force(waiting())
    if grant is None:
        write("Nobody holds the lock.\n")
        return
    write(f"The lock is taken away. It was held for {held(grant)}.\n")

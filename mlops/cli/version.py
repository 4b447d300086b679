"""`mlops version`: show the version."""

import platform

import click

from mlops import __version__
from mlops.cli.options import with_format
from mlops.cli.terminal import view, write


@click.command("version")
@with_format
def command(form: str) -> None:
    """Show the version of this program and of its Python."""
    if form == "json":
        write(view(form).record({"mlops": __version__, "python": platform.python_version()}))
    else:
        write(f"mlops {__version__} (Python {platform.python_version()})\n")

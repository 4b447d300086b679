"""`mlops graph`: draw what needs what."""

import click

from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import open_session
from mlops.cli.terminal import write
from mlops.views.mermaid import graph


@click.command("graph")
@with_files
@with_color
def command(files: Files) -> None:
    """Draw models, environments and services, and what needs what, as a Mermaid flowchart."""
    write(graph(open_session(files).desired()))

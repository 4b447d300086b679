"""`mlops graph`: draw what needs what."""

import click

from mlops.cli.options import Files, with_color, with_files, with_formats
from mlops.cli.session import open_session
from mlops.cli.terminal import write


@click.command("graph")
@with_files
@with_formats("mermaid", "svg")
@with_color
def command(files: Files, form: str) -> None:
    """Draw models, environments and services, and what needs what.

    As a Mermaid flowchart, or as an SVG, where many things alike become one box.
    """
    things = open_session(files).desired()
    if form == "svg":
        from mlops.views.drawing import drawing  # noqa: PLC0415  only where it is asked for
        from mlops.views.svg import svg  # noqa: PLC0415  as above

        write(svg(drawing(things)))
    else:
        from mlops.views.mermaid import graph  # noqa: PLC0415  as above

        write(graph(things))

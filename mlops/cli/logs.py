"""`mlops logs`: show what a service prints."""

import click

from mlops.abilities import HasLogs
from mlops.cli.options import Files, with_color, with_long_files
from mlops.cli.session import open_session
from mlops.cli.terminal import write
from mlops.errors import Problem, SpecError


@click.command("logs")
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on with each new line, until Ctrl-C.")
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), default=100, help="Last lines. Default: 100."
)
@with_long_files
@with_color
def command(name: str, files: Files, *, follow: bool, lines: int) -> None:
    """Show the last lines that the service NAME printed."""
    session = open_session(files, lenient=True)
    target, address = session.service(name)
    if not isinstance(target, HasLogs):
        raise SpecError(Problem(summary=f"the target `{address.place}` keeps no logs"))
    session.live(name)  # raises where there is none of ours
    for line in target.logs(address, follow=follow, lines=lines):
        write(line + "\n")

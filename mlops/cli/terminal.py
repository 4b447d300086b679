"""What is known of the terminal: whether to colour, how wide it is, who types."""

import os
import shutil
import sys
from typing import IO

import click

from mlops.errors import Problem, SpecError
from mlops.protocols import View
from mlops.views.paper import Paper
from mlops.views.table import VIEWS


def paper(stream: IO[str]) -> Paper:
    """Return what may be written to a stream: cut and coloured only at a terminal."""
    columns = shutil.get_terminal_size((80, 24)).columns if stream.isatty() else None
    root = os.environ.get("GITHUB_WORKSPACE", "")
    return Paper(color=_colored(stream), width=columns, root=root)


def view(form: str, *, error: bool = False) -> View:
    """Return the view of a format, for standard output or standard error."""
    return VIEWS[form](paper(sys.stderr if error else sys.stdout))


def write(text: str) -> None:
    """Write data: to standard output, as it is. Raises SpecError where it can't be written."""
    try:
        click.echo(text, nl=False, color=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = Problem(
            summary=f"cannot write to standard output: {error.strerror}",
            hint="look at where it is sent to",
        )
        raise SpecError(problem) from error


def say(text: str) -> None:
    """Write what is no data: to standard error, as it is."""
    click.echo(text, nl=False, err=True, color=True)


def typing() -> bool:
    """Tell whether a person can answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _colored(stream: IO[str]) -> bool:
    """Tell whether to colour: the option, NO_COLOR, FORCE_COLOR, TERM=dumb, a terminal."""
    context = click.get_current_context(silent=True)
    chosen = context.find_root().color if context else None
    if chosen is not None:
        return chosen
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()

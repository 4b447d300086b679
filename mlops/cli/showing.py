"""Shows a value in the format that was asked for; for a job on GitHub, on its summary page too."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from mlops.cli.filing import write_file
from mlops.cli.options import ALSO
from mlops.cli.terminal import say, view, write
from mlops.errors import Problem, SpecError
from mlops.protocols import View

SUMMARY = 1_000_000
"""Bytes of the summary of one step; GitHub shows none that is larger than 1 MiB."""

SHOWN = "mlops.shown"
"""Where a context notes that data was shown."""

Shown = Callable[[View], str]


def show(form: str, shown: Shown, outputs: Mapping[str, str] | None = None) -> None:
    """Write data; a GitHub job gets its summary, and `outputs` for its later steps."""
    write(shown(view(form)))
    write_also(shown)
    context = click.get_current_context(silent=True)
    if context:
        context.meta[SHOWN] = True
    if form == "github":
        _summarise(shown)
        _put_out(outputs or {})


def tell(form: str, shown: Shown) -> None:
    """Write what went wrong: to standard error, but for the formats in which it is data.

    Where data was shown before, it stays the only document, here and in the files beside it.
    """
    context = click.get_current_context(silent=True)
    if context and SHOWN in context.meta:
        say(shown(view(form if form == "json" else "text", error=True)))
    elif form in ("text", "json"):
        say(shown(view(form, error=True)))
        write_also(shown)
    else:
        show(form, shown)


def write_also(shown: Shown) -> None:
    """Write the files that `--also` asked for."""
    context = click.get_current_context(silent=True)
    for other, file in context.meta.get(ALSO, ()) if context else ():
        write_file(file, shown(view(other)))


def _summarise(shown: Shown) -> None:
    from mlops.views.markdown import MarkdownView  # noqa: PLC0415  for a GitHub job alone

    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if name:
        file = Path(name)
        room = SUMMARY - (file.stat().st_size if file.exists() else 0)
        _append(file, shown(MarkdownView(limit=room)))


def _put_out(outputs: Mapping[str, str]) -> None:
    from mlops.views.github import outputs as lines  # noqa: PLC0415  as above

    name = os.environ.get("GITHUB_OUTPUT")
    if name and outputs:
        _append(Path(name), lines(outputs))


def _append(file: Path, text: str) -> None:
    try:
        with file.open("a", encoding="utf-8") as writer:
            writer.write(text)
    except OSError as error:
        raise SpecError(
            Problem(
                summary=f"cannot write `{file}`: {error.strerror}",
                hint="look at GITHUB_STEP_SUMMARY and GITHUB_OUTPUT, or use another format",
            )
        ) from error

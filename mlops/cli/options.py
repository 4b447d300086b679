"""The options that commands share, each gathered into one value."""

import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from mlops.errors import Problem, SpecError
from mlops.selection import Selection
from mlops.settings import DURATION, duration

Command = Callable[..., Any]

PAGES = ("text", "json", "markdown", "github")
"""The formats of what is shown to a team: `markdown` is a comment, `github` what a job writes."""

SHEETS = ("text", "json", "markdown")
"""The formats of what is looked up."""

CHECKS = (*PAGES, "sarif")
"""The formats of what finds mistakes."""

FORM = "mlops.form"
"""Where a context notes the format that was asked for."""

ALSO = "mlops.also"
"""Where it notes the other formats, each with its file."""


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A time like `500ms`, `60s`, `5m`; seconds for the command."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        if isinstance(value, float):
            return value
        if re.fullmatch(DURATION, str(value)) is None:
            self.fail(f"{value!r} is no time like 500ms, 60s or 5m", param, ctx)
        return duration(str(value))


class Files(Struct, frozen=True, kw_only=True):
    """Which files to load, and the variables that they use."""

    paths: tuple[Path, ...]
    variables: dict[str, str]


def with_files(command: Command) -> Command:
    """Give a command the options that say which files to load, as its argument `files`."""
    return _with_files(command, "-f", "--file")


def with_long_files(command: Command) -> Command:
    """Do the same for a command whose `-f` means something else."""
    return _with_files(command, "--file")


def _with_files(command: Command, *names: str) -> Command:
    @click.option(
        *names,
        "paths",
        multiple=True,
        type=click.Path(path_type=Path),
        help="File or folder to load; several are merged. Default: the current folder.",
    )
    @click.option("--var", "pairs", multiple=True, metavar="NAME=VALUE", help="Set a variable.")
    @click.option(
        "--var-file",
        "variable_files",
        multiple=True,
        type=click.Path(path_type=Path),
        help="File of NAME=VALUE lines. `--var` goes before it.",
    )
    @wraps(command)
    def gathered(
        paths: tuple[Path, ...],
        pairs: tuple[str, ...],
        variable_files: tuple[Path, ...],
        **rest: Any,
    ) -> Any:
        variables: dict[str, str] = {}
        for path in variable_files:
            variables |= _variables(_lines(path), str(path))
        variables |= _variables(pairs, "--var")
        return command(files=Files(paths=paths or (Path(),), variables=variables), **rest)

    return gathered


def with_format(command: Command) -> Command:
    """Give a command the option `--format text|json`, as its argument `form`."""
    return with_formats("text", "json")(command)


def with_formats(*names: str) -> Callable[[Command], Command]:
    """Give a command the option `--format`, as its argument `form`.

    It is noted in the context as well, and early, so that problems are told in this format too.
    """

    def noted(ctx: click.Context, _: click.Parameter, value: str) -> str:
        ctx.meta[FORM] = value
        return value

    return click.option(
        "--format",
        "form",
        type=click.Choice(names),
        default=names[0],
        is_eager=True,
        callback=noted,
        help=f"How to show it. Default: {names[0]}.",
    )


def with_also(command: Command) -> Command:
    """Give a command `--also FORMAT=FILE`, noted in the context like the format."""

    def noted(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> None:
        for pair in pairs:
            form, _, file = pair.partition("=")
            if form not in CHECKS[1:] or not file:
                words = ", ".join(CHECKS[1:])
                raise click.BadParameter(f"write FORMAT=FILE; formats are {words}", ctx, param)
            ctx.meta.setdefault(ALSO, []).append((form, Path(file)))

    return click.option(
        "--also",
        multiple=True,
        metavar="FORMAT=FILE",
        expose_value=False,
        is_eager=True,
        callback=noted,
        help="Write it to a file in another format, too.",
    )(command)


def with_selection(command: Command) -> Command:
    """Give a command `--target` and `--exclude`, as its argument `selection`."""

    @click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="WORD",
        help="Only this address, service or target, and what it needs.",
    )
    @click.option(
        "--exclude", multiple=True, metavar="WORD", help="Not this address, service or target."
    )
    @click.option("--retry", multiple=True, metavar="WORD", help="Try this held service again.")
    @wraps(command)
    def gathered(
        targets: tuple[str, ...], exclude: tuple[str, ...], retry: tuple[str, ...], **rest: Any
    ) -> Any:
        selection = Selection(targets=targets, exclude=exclude, retry=retry)
        return command(selection=selection, **rest)

    return gathered


def with_color(command: Command) -> Command:
    """Give a command `--color` and `--no-color`, which go before every other sign."""

    def chosen(ctx: click.Context, _: click.Parameter, value: bool | None) -> None:  # noqa: FBT001  click's signature
        if value is not None:
            ctx.find_root().color = value

    return click.option(
        "--color/--no-color",
        default=None,
        expose_value=False,
        is_eager=True,
        callback=chosen,
        help="Colour the output, or not. Default: at a terminal.",
    )(command)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            Problem(
                summary=f"cannot read the variables of `{path}`: {error}",
                hint="give a text file of NAME=VALUE lines",
            )
        ) from error
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _variables(pairs: list[str] | tuple[str, ...], origin: str) -> dict[str, str]:
    broken = [pair for pair in pairs if "=" not in pair]
    if broken:
        problems = (
            Problem(summary=f"`{pair}` of `{origin}` sets nothing", hint="write it as NAME=VALUE")
            for pair in broken
        )
        raise SpecError(*problems)
    parts = (pair.partition("=") for pair in pairs)
    return {name.strip(): value.strip() for name, _, value in parts}

"""`mlops fmt`: write the files in the one layout."""

import difflib
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

from mlops.cli.options import Files, with_color, with_files
from mlops.errors import MlopsError, Problem, SpecError

UNFORMATTED = 1
"""Exit code of `--check` when a file is not in the layout."""


@click.command("fmt")
@click.argument("names", nargs=-1, type=click.Path(path_type=Path))
@with_files
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 and a diff.")
@with_color
def command(names: tuple[Path, ...], files: Files, *, check: bool) -> int:
    """Write the files NAMES (default: those that `-f` would load) in one layout.

    Comments and values stay. A file that can't be laid out safely is left as it is, and told.
    """
    from mlops.cli.terminal import say, write  # noqa: PLC0415  keeps `--help` fast

    problems: list[Problem] = []
    changed = list(_changed(names or files.paths, problems))
    for path, name, laid in changed:
        if check:
            write(_diff(path.read_text(encoding="utf-8"), laid, name))
        else:
            _replace(path, laid)
            say(f"{name}\n")
    if problems:
        raise SpecError(*problems)
    return UNFORMATTED if check and changed else 0


def _changed(paths: tuple[Path, ...], problems: list[Problem]) -> Iterator[tuple[Path, str, str]]:
    """Yield each file that is not in the layout: its path, its name, how it should be."""
    from mlops.layout import formatted  # noqa: PLC0415  as above
    from mlops.load.read import read_files  # noqa: PLC0415  as above

    read, broken = read_files(paths)
    problems += broken
    for file in read:
        if file.document.whole:
            name = file.document.source.file
            try:
                laid = formatted(file.document.source.text, name)
            except MlopsError as error:
                problems += error.problems
                continue
            if laid.encode() != file.path.read_bytes():
                yield file.path, name, laid


def _diff(old: str, new: str, name: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), name, name
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _replace(path: Path, text: str) -> None:
    """Write a file that nobody sees half of, and keep its mode. A link stays a link."""
    path = path.resolve()
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    fresh = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as writer:
            writer.write(text)
        fresh.chmod(path.stat().st_mode)
        fresh.replace(path)
    except OSError as error:
        summary = f"cannot write `{path}`: {error.strerror}"
        raise SpecError(Problem(summary=summary, hint="check the rights of its folder")) from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)

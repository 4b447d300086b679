"""`mlops fmt`: write the files in the one layout."""

import difflib
from collections.abc import Iterator
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
    from mlops.cli.filing import write_file  # noqa: PLC0415  as below
    from mlops.cli.terminal import say, write  # noqa: PLC0415  keeps `--help` fast

    problems: list[Problem] = []
    changed = list(_changed(names or files.paths, problems))
    for path, name, laid in changed:
        if check:
            write(_diff(path.read_text(encoding="utf-8"), laid, name))
        else:
            write_file(path, laid)
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

"""What a folder of a checkout may hold, so that no proposal takes a plan for hours or all memory.

Whoever runs a command raises a limit by a variable; a file can't.
"""

import os
from collections.abc import Mapping

from msgspec import Struct

from mlops.errors import Problem, SpecError
from mlops.units import size

FILES = "MLOPS_MAX_FILES"
"""Names the variable with the most files that one model or source directory may have."""

CODE = "MLOPS_MAX_CODE_BYTES"
"""Names the variable with the most bytes that one source directory may have."""

MOST_FILES = 20_000
MOST_CODE = 2 * 1024**3

LARGE = 1024**3
"""Bytes from which on a file is looked at for holes before it is read."""


class Bounds(Struct, frozen=True, kw_only=True):
    """The most files and bytes of a folder; None is no limit."""

    files: int | None = None
    bytes: int | None = None


def model_bounds(environ: Mapping[str, str] = os.environ) -> Bounds:
    """Return what a model may have: few enough files; of any size, since models are large."""
    return Bounds(files=_number(environ, FILES, MOST_FILES))


def code_bounds(environ: Mapping[str, str] = os.environ) -> Bounds:
    """Return what a source directory may have. Raises SpecError for what is no number."""
    return Bounds(
        files=_number(environ, FILES, MOST_FILES), bytes=_number(environ, CODE, MOST_CODE)
    )


def check_bounds(bounds: Bounds, name: str, files: int, total: int) -> None:
    """Raise SpecError where a folder, as far as it was looked at, holds too much."""
    if bounds.files is not None and files > bounds.files:
        raise _too_much(name, f"{bounds.files} files", FILES)
    if bounds.bytes is not None and total > bounds.bytes:
        raise _too_much(name, size(bounds.bytes), CODE)


def check_whole(descriptor: int, length: int, name: str) -> None:
    """Raise SpecError for a large file of which more than half was never written.

    It takes no room and hours to read. A file system that knows of no holes has none.
    """
    if length < LARGE:
        return
    holes = end = 0
    while end < length and 2 * holes <= length:
        try:
            begin = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError:  # nothing but a hole is left, or nobody can tell
            begin = length
        holes += begin - end
        end = os.lseek(descriptor, begin, os.SEEK_HOLE) if begin < length else length
    os.lseek(descriptor, 0, os.SEEK_SET)
    if 2 * holes > length:
        raise SpecError(
            Problem(
                summary=f"`{name}` says that it has {size(length)}, most of which was never"
                " written",
                hint="finish writing it; if it is meant so, `cp --sparse=never` fills the holes",
            )
        )


def _too_much(name: str, most: str, variable: str) -> SpecError:
    return SpecError(
        Problem(
            summary=f"`{name}` holds more than {most}",
            hint="leave out what no service needs, in `.amlignore` for code, or let whoever runs"
            f" this set `{variable}`",
        )
    )


def _number(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    given = environ.get(name, "")
    if not given:
        return otherwise
    if not (given.isascii() and given.isdigit()):
        problem = Problem(summary=f"`{name}` is no number: `{given}`", hint="write digits alone")
        raise SpecError(problem)
    return int(given)

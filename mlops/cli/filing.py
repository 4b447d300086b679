"""Reads and writes the files that a command is given, so that nobody sees half of one."""

import os
from pathlib import Path
from stat import S_IMODE

from mlops.errors import Problem, SpecError
from mlops.writing import write_whole


def write_file(path: Path, text: str) -> None:
    """Write a file whole, and keep its mode; a link stays a link. Raises SpecError."""
    place = Path(os.path.realpath(path))
    try:
        if place.exists() and not place.is_file():
            place.write_text(text, encoding="utf-8")  # a pipe, or /dev/stdout
            return
        mode = S_IMODE(place.stat().st_mode) if place.exists() else None
        write_whole(place, text.encode())
        if mode is not None:
            place.chmod(mode)
    except OSError as error:
        raise SpecError(
            Problem(
                summary=f"cannot write `{path}`: {error.strerror}",
                hint="choose a folder that you may write to",
            )
        ) from error


def read_file(path: Path, what: str, command: str) -> str:
    """Return the text of a file that `command` wrote: a `what`. Raises SpecError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SpecError(
            Problem(
                summary=f"cannot read the {what} `{path}`: {reason}",
                hint=f"write one with `{command} {path}`",
            )
        ) from error

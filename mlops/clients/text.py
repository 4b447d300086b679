"""Reads a text file of the user's: UTF-8, a size limit, and a place for every character."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from mlops.errors import Problem, SpecError, Where

LIMIT = 10 * 1024 * 1024
"""Bytes of the longest file that is read."""

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML 1.1 calls a line break; libyaml counts its lines so."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufeff\ufffe\uffff]")


_SECRET = re.compile(r"(?<=://)[^/?#\s]+(?=@)")
"""The user and the password of an address."""

BRIEF = 60
"""Characters of a text that are told within a sentence."""


class Source(Struct, frozen=True, kw_only=True):
    """A text file: its name as people read it, its text and its lines."""

    file: str
    text: str
    lines: tuple[str, ...]

    def where(self, line: int, column: int, width: int = 1) -> Where:
        """Return the place at `line` and `column`, both counted from 1."""
        text = masked(self.lines[line - 1]) if 0 < line <= len(self.lines) else ""
        return Where(file=self.file, line=line, column=column, text=text, width=max(1, width))


def read_source(path: Path, asked: Where | None = None) -> Source:
    """Return the text of a file. `asked` is the place that names the file, if there is one."""
    name = display(path)
    data = _bytes(path, name, asked)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = text_source(name, data.decode("utf-8", "replace"))
        raise SpecError(_broken_byte(place, data, error)) from error
    return text_source(name, text.removeprefix("\ufeff"))


def display(path: Path) -> str:
    """Return a path as people read it: relative to where they are when it is below, else whole."""
    here = Path.cwd()
    whole = here / path
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def masked(text: str) -> str:
    """Return text without the users and passwords of its addresses; every column stays."""
    return _SECRET.sub(lambda found: "*" * len(found.group()), text) if "://" in text else text


def address_shown(url: str) -> str:
    """Return an address without what may be secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def brief(text: str) -> str:
    """Return what people wrote as a part of a sentence: one line, no secrets, not too long."""
    text = masked(text)
    shown = " ".join(text.split()) if text.isprintable() else repr(text)[1:-1]
    return shown if len(shown) <= BRIEF else f"{shown[: BRIEF - 1]}…"


def position(text: str, index: int) -> tuple[int, int]:
    """Return the line and the column, from 1, of the character `index` of `text`."""
    line, start = 1, 0
    for found in _BREAK.finditer(text, 0, index):
        line, start = line + 1, found.end()
    return line, index - start + 1


def control_character(source: Source) -> Problem | None:
    """Return what is wrong when a character is in the text that no YAML may hold."""
    found = _CONTROL.search(source.text)
    if found is None:
        return None
    line, column = position(source.text, found.start())
    return Problem(
        summary=f"the control character U+{ord(found.group()):04X} may not stand in a file",
        where=source.where(line, column),
        hint='delete it, or write it as `"\\x..."` in double quotes',
    )


def text_source(name: str, text: str) -> Source:
    """Return a text as if it had been read from the file `name`."""
    return Source(file=name, text=text, lines=tuple(_BREAK.split(text)))


def _bytes(path: Path, name: str, asked: Where | None) -> bytes:
    try:
        if path.is_dir():
            raise SpecError(
                Problem(summary=f"`{name}` is a folder", where=asked, hint="name a file in it")
            )
        if path.exists() and not path.is_file():  # a pipe or a device might never end
            raise SpecError(
                Problem(summary=f"`{name}` is no file", where=asked, hint="name a plain file")
            )
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except FileNotFoundError as error:
        hint = "check the path, or make the file"
        raise SpecError(
            Problem(summary=f"there is no file `{name}`", where=asked, hint=hint)
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        summary = f"`{name}` cannot be read: {reason[:1].lower()}{reason[1:]}"
        hint = "make it readable for the user who runs this"
        raise SpecError(Problem(summary=summary, where=asked, hint=hint)) from error
    if len(data) > LIMIT:
        summary = f"`{name}` is larger than 10 MiB"
        raise SpecError(
            Problem(summary=summary, where=asked, hint="split it, or name the right file")
        )
    return data


def _broken_byte(source: Source, data: bytes, error: UnicodeDecodeError) -> Problem:
    before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
    line, column = position(before + "?", len(before))
    byte = data[error.start]
    summary = f"the byte 0x{byte:02x} is not UTF-8 text"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        summary = "the file is UTF-16, not UTF-8 text"
    hint = "save the file as UTF-8"
    return Problem(summary=summary, where=source.where(line, column), hint=hint)

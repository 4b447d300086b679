"""What text is written on: whether it takes colour, how wide it is, and what may not go on it."""

import re
from unicodedata import east_asian_width

import click
from msgspec import Struct

SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
"""Terminal sequences: colours, cursor movements, titles."""

TAB = "    "


class Paper(Struct, frozen=True, kw_only=True):
    """Where text goes. `width` is in columns; None is a log or a pipe, where nothing is cut.

    `root` is the folder below which files are named, where the names are for programs.
    """

    color: bool = False
    width: int | None = None
    root: str = ""

    def ink(self, text: str, color: str | None = None, *, bold: bool = False) -> str:
        """Return `text` made harmless, in a colour if the paper takes it."""
        text = plain(text)
        if not (self.color and text and (color or bold)):
            return text
        return click.style(text, fg=color, bold=bold or None)

    def faint(self, text: str) -> str:
        """Return `text` made harmless, and paler where the paper takes colour."""
        return click.style(plain(text), dim=True) if self.color and text else plain(text)


def plain(text: str) -> str:
    """Return one line of foreign text without anything that could steer a terminal."""
    return text if text.isprintable() else visible(SEQUENCES.sub("", text))


def visible(text: str) -> str:
    """Return `text` with tabs as spaces and what can't be printed as `?`, one by one."""
    if text.isprintable():
        return text
    return "".join(_cell(character) for character in text)


def columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def pad(text: str, width: int) -> str:
    """Return `text` filled with spaces up to `width` columns."""
    return text + " " * (width - columns(text))


def cut(text: str, room: int) -> str:
    """Return the beginning of `text` that fits into `room` columns, ending in dots if cut."""
    if columns(text) <= room:
        return text
    while text and columns(text) > max(room - 3, 0):
        text = text[: min(len(text) - 1, room)]
    return text + "..."[: max(room, 0)]


def cut_left(text: str, room: int) -> str:
    """Return the end of `text` that fits into `room` columns, beginning with dots if cut."""
    return cut(text[::-1], room)[::-1]


def _cell(character: str) -> str:
    if character == "\t":
        return TAB
    return character if character.isprintable() else "?"

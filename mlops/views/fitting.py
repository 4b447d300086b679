"""A page that must not grow over a limit: what comes first stays, and what was cut is counted.

The heads of all lines go before the details of any, and sections in the order given.
"""

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from mlops.views.words import counted

SPARE = 160
"""Bytes of a section beside its lines: the lists, and the sentence that counts what was cut."""

TAGS = len("<details open><summary></summary></details>\n")
"""Bytes around a line that unfolds, no fewer than those around one that does not."""


class Line(Struct, frozen=True, kw_only=True):
    """One thing of a section as HTML: its head, and what unfolds below it.

    Where the heads of all lines are too long, `short` ones take their place, if there are any;
    `brief` is what is left of a line of a section that is kept where these are too long as well.
    """

    head: str
    detail: str = ""
    short: str = ""
    brief: str = ""


class Section(Struct, frozen=True, kw_only=True):
    """Lines of `noun`s under a title. `kept` ones are not cut; `folded` ones are closed.

    What unfolds below the lines of an `open` one is seen from the start.
    """

    title: str
    noun: str
    lines: tuple[Line, ...]
    kept: bool = False
    folded: bool = False
    open: bool = False


def fitted(sections: Sequence[Section], room: int) -> str:
    """Return the sections that hold anything, as HTML of at most `room` bytes."""
    given = [section for section in sections if section.lines]
    left = room - sum(_length(_page(section, "")) + SPARE for section in given)
    every = [_bare(line) for section in given for line in section.lines]
    if _fitting(every, left, around=1)[0] < len(every):
        given = [_shortened(section) for section in given]
    briefs: dict[int, str] = {}
    heads: list[int] = []
    for place, section in enumerate(given):
        number, rest = _fitting([_bare(line) for line in section.lines], left, around=1)
        if section.kept and number < len(section.lines):
            briefs[place] = _brief(section, left)
            number, rest = 0, left - _length(briefs[place])
        heads.append(number)
        left = rest
    pages = []
    for place, section in enumerate(given):
        details, left = _fitting([line.detail for line in section.lines[: heads[place]]], left)
        body = briefs.get(place) or _list(section, heads[place], details)
        pages.append(_page(section, body))
    return "".join(pages)


def _shortened(section: Section) -> Section:
    lines = (replace(line, head=line.short or line.head) for line in section.lines)
    return replace(section, lines=tuple(lines))


def _fitting(texts: Sequence[str], room: int, around: int = TAGS) -> tuple[int, int]:
    """Return how many of the texts fit, from the first on, and the room that they leave."""
    for number, text in enumerate(texts):
        needed = _length(text) + around if text else 0
        if needed > room:
            return number, room
        room -= needed
    return len(texts), room


def _list(section: Section, heads: int, details: int) -> str:
    """Return so many heads of a section, and so many of them with what unfolds."""
    opened = " open" if section.open else ""
    shown = []
    lines = enumerate(section.lines[:heads])
    for unfolds, some in groupby(lines, lambda pair: bool(pair[1].detail) and pair[0] < details):
        if unfolds:
            shown += [
                f"<details{opened}><summary>{line.head}</summary>{line.detail}</details>"
                for _, line in some
            ]
        else:  # GitHub removes an item that is in no list
            shown += ["<ul>", *(_bare(line) for _, line in some), "</ul>"]
    return "\n".join([*shown, *_more(section, heads)])


def _brief(section: Section, room: int) -> str:
    """Return what a section holds by name alone."""
    names = [line.brief for line in section.lines]
    number, _ = _fitting(names, room, around=2)
    return "\n".join([f"<p>{', '.join(names[:number])}</p>", *_more(section, number)])


def _bare(line: Line) -> str:
    return f"<li>{line.head}</li>"


def _more(section: Section, shown: int) -> list[str]:
    """Return the sentence that counts what was cut, if anything was."""
    cut = len(section.lines) - shown
    return [f"<p>… and {counted(cut, section.noun)} more</p>"] if cut else []


def _page(section: Section, body: str) -> str:
    title = f"{section.title}: {len(section.lines)}"
    if section.folded:
        return f"<details><summary>{title}</summary>\n{body}\n</details>\n\n"
    return f"<h4>{title}</h4>\n{body}\n\n"


def _length(text: str) -> int:
    return len(text.encode())

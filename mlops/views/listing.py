"""Plain data as text: aligned tables, and the keys of one thing under each other."""

import re
from collections.abc import Mapping, Sequence

from mlops.spec import Fields, Json
from mlops.units import size
from mlops.views.paper import Paper, columns, cut, pad, plain
from mlops.views.words import moment, short

GAP = "  "
NARROWEST = 8
"""No column is cut to less than this."""

WHOLE = re.compile(r"://|^\d{4}-\d\d-\d\d ")
"""Web addresses and times: half of one is of no use."""

INDENT = "  "


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], paper: Paper, right: Sequence[int] = ()
) -> str:
    """Return rows in columns, the numbers of `right` aligned to the right.

    Cut only where a width is known, and never web addresses and times.
    """
    widths = [max(map(columns, column)) for column in zip(headers, *rows, strict=True)]
    if paper.width is not None:
        whole = [any(map(WHOLE.search, column)) for column in zip(*rows, strict=True)]
        widths = _narrowed(widths, whole, paper.width)
    head, *body = (_row(row, widths, right) for row in (headers, *rows))
    return "\n".join([paper.ink(head, bold=True), *map(paper.ink, body)]) + "\n"


def rows(given: Sequence[Fields], paper: Paper) -> str:
    """Return a table with a column for each key, in order of first appearance."""
    keys = list(dict.fromkeys(key for row in given for key in row))
    if not keys:
        return ""
    numbers = [
        number
        for number, key in enumerate(keys)
        if all(isinstance(row.get(key), (int, float)) for row in given)
    ]
    cells = [[cell(key, row.get(key)) for key in keys] for row in given]
    return table([key.upper().replace("_", " ") for key in keys], cells, paper, numbers)


def record(given: Fields, paper: Paper) -> str:
    """Return the keys of one thing, a line each; what they hold in turn is indented."""
    longest = max((columns(key) for key in given), default=0)
    return "".join(_entry(key, item, longest, paper) for key, item in given.items())


def cell(key: str, item: Json) -> str:
    """Return one value in words. The key `size` holds bytes."""
    if item is None or item in ("", ()):
        return "-"
    if isinstance(item, bool):
        return "yes" if item else "no"
    if key == "size" and isinstance(item, int):
        return size(item)
    if isinstance(item, tuple):
        return ", ".join(cell("", part) for part in item)
    if isinstance(item, Mapping):
        return ", ".join(f"{name}={cell(name, part)}" for name, part in item.items()) or "-"
    return plain(short(moment(str(item))))


def _entry(key: str, item: Json, longest: int, paper: Paper) -> str:
    if isinstance(item, Mapping) and item:
        return _nested(key, record(item, _inner(paper)), paper)
    if isinstance(item, tuple):
        inner = [part for part in item if isinstance(part, Mapping)]
        if inner and len(inner) == len(item):
            return _nested(key, rows(inner, _inner(paper)), paper)
    text = item if isinstance(item, str) and item else cell(key, item)
    first, *more = text.splitlines() or [""]
    lines = [f"{paper.faint(pad(key, longest))}{GAP}{paper.ink(first)}".rstrip()]
    lines += [f"{' ' * longest}{GAP}{paper.ink(line)}".rstrip() for line in more]
    return "\n".join(lines) + "\n"


def _nested(key: str, text: str, paper: Paper) -> str:
    lines = [paper.faint(key), *(INDENT + line for line in text.splitlines())]
    return "\n".join(lines) + "\n"


def _inner(paper: Paper) -> Paper:
    width = None if paper.width is None else paper.width - len(INDENT)
    return Paper(color=paper.color, width=width)


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    shown = []
    for number, (text, width) in enumerate(zip(cells, widths, strict=True)):
        text_cut = cut(text, width)
        blank = " " * (width - columns(text_cut))
        shown.append(blank + text_cut if number in right else text_cut + blank)
    return GAP.join(shown).rstrip()


def _narrowed(widths: Sequence[int], whole: Sequence[bool], width: int) -> list[int]:
    """Take columns from the widest until all fit, but for those that must stay whole."""
    narrowed = list(widths)
    over = sum(narrowed) + len(GAP) * (len(narrowed) - 1) - width
    for _ in range(over):
        left = [n for n, taken in enumerate(narrowed) if taken > NARROWEST and not whole[n]]
        if not left:
            break
        narrowed[max(left, key=narrowed.__getitem__)] -= 1
    return narrowed

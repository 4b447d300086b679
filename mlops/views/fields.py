"""The fields of a change as text: path, before -> after, and a remark, in columns."""

from collections.abc import Sequence
from itertools import takewhile

from msgspec import Struct

from mlops.views.paper import Paper, columns, cut, pad

INDENT = " " * 6
LONGEST_PATH = 24
LONGEST_DELTA = 44
"""Longer ones do not push the columns of the others aside."""


class Delta(Struct, frozen=True, kw_only=True):
    """One field that differs, its values in words."""

    path: str
    old: str
    new: str
    remark: str = ""

    @property
    def line(self) -> str:
        """Both values in one line."""
        return f"{self.old} -> {self.new}"


class Layout(Struct, frozen=True, kw_only=True):
    """Where the columns of a change's fields stand. `room` is what both values may take."""

    path: int
    delta: int
    room: int | None


def deltas(found: Sequence[Delta], paper: Paper) -> list[str]:
    """Return the fields of one change, aligned; values that do not fit take two lines."""
    if not found:
        return []
    path = _longest([delta.path for delta in found], LONGEST_PATH)
    remark = max(columns(delta.remark) for delta in found)
    room = None
    if paper.width is not None:
        room = max(paper.width - len(INDENT) - path - 2 - (remark + 2 if remark else 0), 20)
    widest = _longest([delta.line for delta in found], min(room or LONGEST_DELTA, LONGEST_DELTA))
    layout = Layout(path=path, delta=widest, room=room)
    return [line for delta in found for line in _delta(delta, layout, paper)]


def _delta(delta: Delta, layout: Layout, paper: Paper) -> list[str]:
    if layout.room is None or columns(delta.line) <= layout.room:
        values = [delta.line]
    else:
        old, new = _focused(delta.old, delta.new, layout.room - 3)
        values = [cut(old, layout.room), "-> " + cut(new, layout.room - 3)]
    lead = pad(delta.path, layout.path)
    blank = " " * layout.path
    lines = []
    if columns(delta.path) > layout.path:
        lines.append(INDENT + paper.ink(delta.path))
        lead = blank
    remark = f"  {paper.faint(delta.remark)}" if delta.remark else ""
    first = pad(values[0], layout.delta) if remark else values[0]
    lines.append(f"{INDENT}{paper.ink(lead)}  {paper.ink(first)}{remark}")
    lines += [f"{INDENT}{blank}  {paper.ink(text)}" for text in values[1:]]
    return lines


def _focused(old: str, new: str, room: int) -> tuple[str, str]:
    """Leave out what two long values begin with alike, so that the difference is seen."""
    alike = _alike(old, new) - room // 3
    if alike <= room // 3:
        return old, new
    return f"...{old[alike:]}", f"...{new[alike:]}"


def _alike(old: str, new: str) -> int:
    pairs = zip(old, new, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _longest(texts: Sequence[str], limit: int) -> int:
    return max((columns(text) for text in texts if columns(text) <= limit), default=0)

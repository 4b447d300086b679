"""One layout for every file: indentation, spaces, blank lines. Keeps comments and every value.

What can't be rewritten without changing what it says is left as it is, and told. Pure.
"""

import re
from collections.abc import Iterator, Sequence

from mlops.clients import yaml
from mlops.clients.roundtrip import Span, rewritten, spans
from mlops.clients.text import text_source
from mlops.errors import Problem, SpecError

PASSES = 4
"""A second pass mends what the first one moved; what has not settled by then never does."""

_REMARK = re.compile(r"(?:^|(?<=[ \t]))#.*$", re.MULTILINE)


def formatted(text: str, name: str) -> str:
    """Return a YAML file in the one layout. Raises SpecError where that is not safe."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    before = yaml.parse(text_source(name, text))
    if not before.whole:
        raise SpecError(*before.problems)
    laid = text
    for _ in range(PASSES):
        last, laid = laid, _pass(laid)
        if last == laid and yaml.parse(text_source(name, laid)).data == before.data:
            if _remarks(laid) == _remarks(text):
                return laid
            break
    raise SpecError(
        Problem(
            summary=f"`{name}` can't be laid out without changing what it says",
            hint="write its empty or long values in another way; it is left as it is",
        )
    )


def _remarks(text: str) -> list[str]:
    """Return what looks like a comment, in order."""
    return [found.rstrip() for found in _REMARK.findall(text)]


def _pass(text: str) -> str:
    """Rewrite a text once; take away what stands at the end of lines, and most blank ones."""
    laid = rewritten(text)
    lines = laid.split("\n")
    held = _held(spans(laid))
    for place, column in _moved(text, laid):
        lines[place] = " " * column + lines[place].lstrip()
    kept: list[str] = []
    for number, line in enumerate(lines):
        bare = line if number in held else line.rstrip()
        if bare or number in held or (kept and kept[-1]):
            kept.append(bare)
    return "\n".join(kept).strip("\n") + "\n"


def _moved(old: str, new: str) -> Iterator[tuple[int, int]]:
    """Yield the line of each comment on its own, and the column that its neighbours moved to."""
    places = list(zip(spans(old), spans(new), strict=False))
    for (line, column), (moved, _) in zip(_alone(old), _alone(new), strict=False):
        level = [pair for pair in places if pair[0].column == column]
        if level:
            nearest = min(level, key=lambda pair: _distance(pair[0].line, line))
            yield moved, nearest[1].column


def _distance(place: int, line: int) -> tuple[int, bool]:
    """Return how far a place is from a line; below is nearer than above."""
    return abs(place - line), place < line


def _alone(text: str) -> list[tuple[int, int]]:
    """Return line and column of each comment that has a line of its own."""
    held = _held(spans(text))
    return [
        (number, len(line) - len(line.lstrip()))
        for number, line in enumerate(text.split("\n"))
        if line.lstrip().startswith("#") and number not in held
    ]


def _held(places: Iterator[Span] | Sequence[Span]) -> set[int]:
    """Return the lines within a text of several lines, which stay as they are."""
    return {
        line
        for place in places
        if place.scalar and place.end > place.line
        for line in range(place.line, place.end + 1)
    }

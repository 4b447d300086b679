"""Problems as text: a sentence, its place with the source line, and what to do about it."""

from collections.abc import Iterable

from mlops.errors import Problem, Where
from mlops.views.paper import Paper, columns, cut, cut_left, visible

GUTTER = 5
"""Columns for the line number."""

WIDTH = 80
"""Source lines are cut to this width in a log as well: carets point at nothing once wrapped."""


def problems(found: Iterable[Problem], paper: Paper) -> str:
    """Return each problem in the order given, a blank line between two."""
    return "\n".join(_problem(problem, paper) for problem in found)


def _problem(problem: Problem, paper: Paper) -> str:
    summary, *details = problem.summary.splitlines() or [""]
    place = f"{_place(problem.where)}: " if problem.where else ""
    lines = [f"{paper.ink('error:', 'red', bold=True)} {paper.ink(place + summary, bold=True)}"]
    if problem.where and problem.where.text.strip():
        lines += _excerpt(problem.where, paper)
    lines += [f"    {paper.ink(detail)}".rstrip() for detail in details]
    for number, hint in enumerate(problem.hint.splitlines()):
        lead = "      " if number else paper.ink("hint:", "cyan") + " "
        lines.append(lead + paper.ink(hint))
    return "\n".join(lines) + "\n"


def _place(where: Where) -> str:
    return f"{where.file}:{where.line}:{where.column}" if where.line else where.file


def _excerpt(where: Where, paper: Paper) -> list[str]:
    """Return the source line and the carets under what is meant."""
    text = where.text.splitlines()[0]
    start = min(max(where.column, 1) - 1, len(text))
    stop = start + max(where.width, 1)
    gutter = max(GUTTER, len(str(where.line)))
    room = max((paper.width or WIDTH) - gutter - 3, 20)
    pieces = (visible(text[:start]), visible(text[start:stop]), visible(text[stop:]))
    before, meant, after = _window(pieces, room)
    carets = " " * columns(before) + "^" * max(columns(meant), 1)
    return [
        f"{paper.faint(f'{where.line:>{gutter}} |')} {before}{meant}{after}".rstrip(),
        f"{paper.faint(' ' * gutter + ' |')} {paper.ink(carets, 'red')}",
    ]


def _window(pieces: tuple[str, str, str], room: int) -> tuple[str, str, str]:
    """Cut a line to `room` columns around its middle piece."""
    before, meant, after = pieces
    if columns(before + meant + after) <= room:
        return pieces
    meant = cut(meant, room // 2)
    kept = min(columns(after), room // 3)
    before = cut_left(before, room - columns(meant) - kept)
    return before, meant, cut(after, room - columns(before) - columns(meant))

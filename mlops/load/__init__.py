"""Reads YAML files and variables: a Spec, or every problem with its line.

Never runs, imports or resolves anything of the checkout.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from mlops.clients.text import masked
from mlops.errors import Problem, SpecError, Where
from mlops.load.build import build
from mlops.load.check import check_schema
from mlops.load.files import Files, check_files
from mlops.load.folders import check_folders
from mlops.load.merge import merge
from mlops.load.read import read_files
from mlops.load.references import check_complete, check_references
from mlops.load.variables import substitute
from mlops.protocols import Kinds
from mlops.spec import Spec

_MOST = 200
"""Problems that are told."""

_LONGEST = 500
"""Characters of the longest sentence that is told."""


def load(
    paths: Sequence[Path], variables: Mapping[str, str], kinds: Kinds, *, lenient: bool = False
) -> Spec:
    """Return what the files and folders `paths` say. Raises SpecError with all that is wrong.

    A `lenient` spec, to look or to destroy, may have no deployments, and what it would deliver
    is not read: models may be missing, scripts broken, and it has no `inference`.
    """
    read, problems = read_files(paths)
    if not read:
        raise SpecError(*_first([_on_one_line(problem) for problem in problems]))
    merged, contradictions = merge(read)
    problems += contradictions
    problems += substitute(merged, variables)
    told = {problem.where for problem in problems if problem.where}
    if merged.data or merged.complete:
        problems += _untold(check_schema(merged, kinds), told)
        problems += check_complete(merged, lenient=lenient)
        problems += _untold(check_references(merged, kinds), told)
    problems += check_folders(merged, kinds, lenient=lenient)
    files = Files() if lenient else check_files(merged)
    problems += files.problems
    if problems:
        told_once = dict.fromkeys(_shown(problem, merged.hidden) for problem in problems)
        raise SpecError(*_first(sorted(told_once, key=_place)))
    return build(merged, kinds, files)


def _first(problems: list[Problem]) -> list[Problem]:
    """Return what people and machines can take in: a file may hold a mistake on every line."""
    if len(problems) <= _MOST:
        return problems
    more = f"there are {len(problems) - _MOST:,} more problems"
    hint = "mend these first; is it the right file?"
    return [*problems[:_MOST], Problem(summary=more, where=problems[_MOST].where, hint=hint)]


def _untold(problems: Iterable[Problem], told: Collection[Where]) -> Iterator[Problem]:
    """Leave out what follows from a mistake that was told: one mistake is one problem."""
    return (problem for problem in problems if problem.where not in told)


def _shown(problem: Problem, hidden: Iterable[Where]) -> Problem:
    """Keep what may be a secret out of the line that is shown, and the problem on one line."""
    where = problem.where
    for place in hidden if where is not None else ():
        if where and (place.file, place.line) == (where.file, where.line):
            start, end = place.column - 1, place.column - 1 + place.width
            text = where.text[:start] + "*" * len(where.text[start:end]) + where.text[end:]
            where = replace(where, text=text)
    return _on_one_line(replace(problem, where=where))


def _on_one_line(problem: Problem) -> Problem:
    """Keep what people wrote from breaking the lines they are told, and secrets out of them."""
    return replace(problem, summary=_line(problem.summary), hint=_line(problem.hint))


def _line(text: str) -> str:
    text = masked(text)
    if not text.isprintable():
        text = "".join(
            letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
        )
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _place(problem: Problem) -> tuple[str, int, int]:
    where = problem.where
    return (where.file, where.line, where.column) if where else ("", 0, 0)

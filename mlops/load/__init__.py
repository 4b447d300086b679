"""Reads YAML files and variables: a Spec, or every problem with its line.

Never runs, imports or resolves anything of the checkout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlops.errors import Problem, SpecError
from mlops.load.build import build
from mlops.load.check import check_schema
from mlops.load.files import check_files
from mlops.load.merge import merge
from mlops.load.read import read_files
from mlops.load.references import check_complete, check_references
from mlops.load.variables import substitute
from mlops.protocols import Kinds
from mlops.spec import Spec

_LONGEST = 500
"""Characters of the longest sentence that is told."""


def load(
    paths: Sequence[Path], variables: Mapping[str, str], kinds: Kinds, *, empty: bool = False
) -> Spec:
    """Return what the files and folders `paths` say. Raises SpecError with all that is wrong.

    A spec without deployments is wrong, too, unless `empty` is fine: to destroy, or to look.
    """
    read, problems = read_files(paths)
    if not read:
        raise SpecError(*map(_on_one_line, problems))
    merged, contradictions = merge(read)
    problems += contradictions
    problems += substitute(merged, variables)
    if merged.data or merged.complete:
        problems += check_schema(merged, kinds)
        problems += check_complete(merged, empty=empty)
        problems += check_references(merged, kinds)
    files = check_files(merged)
    problems += files.problems
    if problems:
        raise SpecError(*sorted(dict.fromkeys(map(_on_one_line, problems)), key=_place))
    return build(merged, kinds, files)


def _on_one_line(problem: Problem) -> Problem:
    """Keep what people wrote from breaking the lines of what they are told."""
    return replace(problem, summary=_line(problem.summary), hint=_line(problem.hint))


def _line(text: str) -> str:
    if not text.isprintable():
        text = "".join(
            letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
        )
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _place(problem: Problem) -> tuple[str, int, int]:
    where = problem.where
    return (where.file, where.line, where.column) if where else ("", 0, 0)

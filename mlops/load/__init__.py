"""Reads YAML files and variables: a Spec, or every problem with its line.

Never runs, imports or resolves anything of the checkout.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mlops.errors import Problem, SpecError
from mlops.load.build import build
from mlops.load.check import check_schema
from mlops.load.files import check_files
from mlops.load.merge import merge
from mlops.load.read import read_files
from mlops.load.references import check_references
from mlops.load.variables import substitute
from mlops.protocols import Kinds
from mlops.spec import Spec


def load(paths: Sequence[Path], variables: Mapping[str, str], kinds: Kinds) -> Spec:
    """Return what the files and folders `paths` say. Raises SpecError with all that is wrong."""
    read, problems = read_files(paths)
    if not read:
        raise SpecError(*problems)
    merged, contradictions = merge(read)
    problems += contradictions
    problems += substitute(merged, variables)
    if merged.data or merged.complete:
        problems += check_schema(merged, kinds)
        problems += check_references(merged, kinds)
    files = check_files(merged)
    problems += files.problems
    if problems:
        raise SpecError(*sorted(dict.fromkeys(problems), key=_place))
    return build(merged, kinds, files)


def _place(problem: Problem) -> tuple[str, int, int]:
    where = problem.where
    return (where.file, where.line, where.column) if where else ("", 0, 0)

"""The file of the drift that is known: written, and read again. It holds no values.

A piece is known by its address, its field and a fingerprint of its live value: the same field with
another value is told again.
"""

import json
from collections.abc import Iterable

from msgspec.structs import asdict

from mlops.drifted import Known
from mlops.errors import Problem, SpecError
from mlops.spec import Fields

FORMAT = 1
"""Counts up when a key of the file changes its meaning or goes."""


def baseline_document(project: str, known: Iterable[Known]) -> Fields:
    """Return the file of what is known."""
    pieces = tuple(asdict(piece) for piece in known)
    return {"format_version": FORMAT, "project": project, "known": pieces}


def read_baseline(text: str, name: str, project: str) -> frozenset[Known]:
    """Return what a file says is known of a project. Raises SpecError."""
    try:
        record = json.loads(text)
        if record["format_version"] != FORMAT:
            raise ValueError("another version")  # noqa: TRY301  told below, as all that is wrong
        theirs = str(record["project"])
        known = frozenset(Known(**piece) for piece in record["known"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise SpecError(
            Problem(
                summary=f"`{name}` is no baseline of this version",
                hint=f"write one with `mlops drift --write-baseline {name}`",
            )
        ) from error
    if theirs != project:
        raise SpecError(
            Problem(
                summary=f"`{name}` is a baseline of `{theirs}`, and the project is `{project}`",
                hint="name the one that was written for this project",
            )
        )
    return known

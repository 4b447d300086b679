"""What can go wrong, as data: problems with their place, and exceptions with their exit code.

Never prints: the command line alone turns these into text.
"""

from typing import ClassVar

from msgspec import Struct


class Where(Struct, frozen=True, kw_only=True):
    """A place in a file of the user's.

    `line` and `column` count from 1; `text` is the whole source line; `width` is how many
    characters of it, from `column` on, are meant.
    """

    file: str
    line: int
    column: int
    text: str = ""
    width: int = 1


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong: a sentence, its place, and what to do about it."""

    summary: str
    where: Where | None = None
    hint: str = ""


class MlopsError(Exception):
    """Something the user can act on. Carries every problem found, and the exit code."""

    code: ClassVar[int] = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.summary for problem in problems))
        self.problems = problems


class SpecError(MlopsError):
    """The files, the variables or the command line are wrong. Nothing was touched."""


class RefusedError(MlopsError):
    """A policy, a brake or a person said no. Nothing was touched."""

    code = 3


class StaleError(MlopsError):
    """The plan no longer fits the live world."""

    code = 4


class LockedError(MlopsError):
    """Another run holds the lock."""

    code = 5


class TargetError(MlopsError):
    """A target, the store or an authentication failed."""

    code = 6


class CredentialsError(TargetError):
    """This machine has no credentials for a place, or too few: nothing can be told of it.

    A look goes on and says so (`unobserved.py`); whatever changes something is refused.
    """


class IncompleteError(MlopsError):
    """Something was changed, and something failed or did not settle.

    `log` holds the last lines of what failed, where it is not the service that now runs.
    """

    code = 7

    def __init__(self, *problems: Problem, log: tuple[str, ...] = ()) -> None:
        super().__init__(*problems)
        self.log = log


class DriftError(MlopsError):
    """The live world is not what was last applied. `drift` only."""

    code = 8


class StoppedError(MlopsError):
    """The user stopped the run."""

    code = 130

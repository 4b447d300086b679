"""A place that nobody could look at for want of credentials: a plan says so, and has no digest."""

from dataclasses import dataclass

from mlops.errors import Problem, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Unobserved:
    """A place that was not observed, and why; `services` are those that the file wants there.

    `where` is the place in the file that asks for one of them.
    """

    place: str
    why: Problem
    services: tuple[str, ...] = ()
    where: Where | None = None

"""A place that nobody could look at for want of credentials: a plan says so, and has no digest."""

from msgspec import Struct

from mlops.errors import Problem, Where


class Unobserved(Struct, frozen=True, kw_only=True):
    """A place that was not observed, and why; `services` are those that the file wants there.

    `where` is the place in the file that asks for one of them.
    """

    place: str
    why: Problem
    services: tuple[str, ...] = ()
    where: Where | None = None

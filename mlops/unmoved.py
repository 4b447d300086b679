"""Tells whether a thing is still what the plan saw, right before it is changed.

What somebody changed in between is refused by name. Changes nothing.
"""

from collections.abc import Collection
from typing import ClassVar, Protocol, runtime_checkable

from mlops.errors import Problem, StaleError
from mlops.protocols import Place
from mlops.values import Address, Change, Observed


@runtime_checkable
class CanLook(Protocol):
    """A place that reads one thing again by a cheap call, right before it is changed."""

    passing: ClassVar[Collection[str]]
    """Fields, or groups of them, that change by themselves or are not seen by looking again."""

    def look(self, address: Address) -> Observed | None:
        """Return a thing as it is now; None if it is not there."""


def check_unmoved(change: Change, place: Place) -> None:
    """Look again at what a change is about. Raises StaleError where somebody changed it.

    What came to what is wanted is no obstacle: an earlier run has come to its end. A service that
    stops for others is not what was seen, by our own doing.
    """
    if change.stops_first or not isinstance(place, CanLook):
        return
    words = _moved(change, place.look(change.address), place)
    if words:
        raise StaleError(
            Problem(
                summary=f"`{change.address}` {words} since the plan was made; it is left as it is",
                where=change.after.where if change.after else None,
                hint="look at it again with `mlops plan`, then apply",
            )
        )


def _moved(change: Change, now: Observed | None, place: CanLook) -> str:
    """Return what somebody did to a thing, in words; nothing if it may be changed."""
    before = change.before
    if now is None:
        return "is gone" if before is not None and change.after is not None else ""
    if before is not None and now.ownership is not before.ownership:
        return f"became another one: {now.state}"
    passing = set(place.passing)
    paths = [path for path in _strange(change, now) if not {path, path.partition(".")[0]} & passing]
    if before is None:
        return "was made by somebody else" if paths else ""
    if paths:
        return f"was changed by somebody ({', '.join(f'`{path}`' for path in paths)})"
    same = now.fields == before.fields
    return "was made anew" if same and now.identity != before.identity else ""


def _strange(change: Change, now: Observed) -> list[str]:
    """Return the fields that are neither what was seen nor what is wanted."""
    seen = change.before.fields if change.before else None
    wanted = change.after.fields if change.after else seen
    return sorted(
        path
        for path in {*now.fields, *(seen or {}), *(wanted or {})}
        if (seen is None or now.fields.get(path) != seen.get(path))
        and (wanted is None or now.fields.get(path) != wanted.get(path))
    )

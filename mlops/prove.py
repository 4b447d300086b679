"""Looks again after an apply: nothing of it may be left to do. Changes nothing."""

import time
from collections.abc import Callable, Iterable

from mlops.errors import Problem
from mlops.policy import blocked
from mlops.protocols import World
from mlops.survey import survey
from mlops.values import Action, Change, Desired, Plan

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds between two looks at what shall settle."""


def prove(
    world: World,
    desired: Iterable[Desired],
    agreed: Plan,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> tuple[Problem, ...]:
    """Look again; return a problem for each change that a second plan would still make.

    Where a platform shows late what it has, looks again and again until that time is over.
    """
    wanted = tuple(desired)
    made = {change.address for change in agreed.changes} - blocked(agreed).keys()
    end = clock() + max((world.places[address.place].settle for address in made), default=0.0)
    pause = FIRST_PAUSE
    while True:
        found = survey(world, wanted)
        hidden = {one.place: one.why for one in found.unobserved}
        if not hidden.keys().isdisjoint(address.place for address in made):
            return tuple(hidden.values())
        left = [change for change in found.pending if change.address in made]
        if not left or clock() >= end:
            return _unproved(left)
        sleep(max(0.0, min(pause, end - clock())))
        pause = min(2 * pause, LONGEST_PAUSE)


def _unproved(left: Iterable[Change]) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            summary=f"`{change.address}` did not settle: {_unsettled(change.action, paths)}",
            hint="run `mlops plan` to see what differs",
        )
        for change in left
        for paths in [", ".join(f"`{field.path}`" for field in change.fields)]
    )


def _unsettled(action: Action, paths: str) -> str:
    if action is Action.CREATE:
        return "it is not there"
    return "it is still there" if action is Action.DELETE else f"{paths} differ"

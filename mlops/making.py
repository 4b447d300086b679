"""Makes one change and sees it ready and checked: a stream of events that ends in its outcome."""

import time
from collections.abc import Iterator

from mlops.checks import run_checks
from mlops.errors import IncompleteError, MlopsError, Problem
from mlops.events import Done, Event, Failed, Progressed, Started
from mlops.health import is_ready, wait_ready
from mlops.protocols import Means, Place
from mlops.values import Change, Impact, Progress

READY_TIMEOUT = 600.0
"""Seconds that a service may take from its start to the end of `init()`."""


def make(change: Change, place: Place, means: Means) -> Iterator[Event]:
    """Make one change and see it ready and checked. Ends in Done or Failed."""
    begun = time.monotonic()
    yield Started(address=change.address, action=change.action)
    try:
        means.lease.check()
        for step in place.apply(change, means):
            if isinstance(step, Progress):
                yield Progressed(address=change.address, progress=step)
        yield from _proved(change, place)
    except MlopsError as error:
        yield _failed(change, place, error)
        return
    yield Done(
        address=change.address,
        action=change.action,
        seconds=time.monotonic() - begun,
        endpoint=change.after.endpoint if change.after else "",
    )


def _proved(change: Change, place: Place) -> Iterator[Event]:
    """Wait for a service and run its checks. Raises IncompleteError."""
    after = change.after
    if after is None or not after.endpoint or change.impact is Impact.METADATA:
        return
    yield _progressed(change, "waiting until it is ready")
    health = wait_ready(place, change.address, timeout=READY_TIMEOUT)
    if not is_ready(health):
        raise IncompleteError(Problem(summary=health.summary, where=after.where))
    if after.checks:
        yield _progressed(change, f"checking ({len(after.checks)})")
        problems = run_checks(after.checks, after.endpoint)
        if problems:
            raise IncompleteError(*problems)


def _progressed(change: Change, text: str) -> Progressed:
    return Progressed(address=change.address, progress=Progress(text=text))


def _failed(change: Change, place: Place, error: MlopsError) -> Failed:
    return Failed(
        address=change.address,
        action=change.action,
        problems=error.problems,
        log=place.health(change.address).log if change.address.kind == "service" else (),
        code=error.code,
    )

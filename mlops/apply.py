"""Plan -> a stream of events: makes each change, waits until it is ready, checks it.

Knows the order, the failures and `stop`; what a change means is the place's business.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from threading import Event as Flag

from mlops.checks import run_checks
from mlops.errors import IncompleteError, MlopsError, Problem
from mlops.events import Done, Event, Failed, Progressed, Skipped, Started
from mlops.health import is_ready, wait_ready
from mlops.protocols import Means, Place, Places
from mlops.values import Action, Address, Change, Impact, Progress

READY_TIMEOUT = 600.0
"""Seconds that a service may take from its start to the end of `init()`."""


def apply(
    changes: Iterable[Change],
    places: Places,
    means: Means,
    *,
    blocked: Mapping[Address, str],
    stop: Flag,
) -> Iterator[Event]:
    """Make the changes in their order, yielding what happens as it happens.

    What needs a failed change is skipped, and nothing is deleted once anything failed.
    After `stop` is set no further change starts.
    """
    missing: dict[Address, str] = {}
    for change in changes:
        because = _obstacle(change, missing, blocked, stop)
        if because:
            missing[change.address] = because
            yield Skipped(address=change.address, action=change.action, because=because)
            continue
        for event in _make(change, places[change.address.place], means):
            if isinstance(event, Failed):
                missing[change.address] = "failed"
            yield event


def _obstacle(
    change: Change,
    missing: Mapping[Address, str],
    blocked: Mapping[Address, str],
    stop: Flag,
) -> str:
    """Return why a change can't be tried; nothing if it can."""
    if stop.is_set():
        return "stopped"
    if change.address in blocked:
        return blocked[change.address]
    for address in change.needs:
        if address in missing:
            return f"needs {address}"
    if change.action is Action.DELETE and any(address not in blocked for address in missing):
        return "something failed, so nothing is deleted"
    return ""


def _make(change: Change, place: Place, means: Means) -> Iterator[Event]:
    """Make one change and see it ready and checked. Ends in Done or Failed."""
    begun = time.monotonic()
    yield Started(address=change.address, action=change.action)
    try:
        for step in place.apply(change, means):
            if isinstance(step, Progress):
                yield Progressed(address=change.address, progress=step)
        if change.after is not None and change.after.endpoint:
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
    """Wait for the service and run its checks. Raises IncompleteError."""
    after = change.after
    if after is None or change.impact is Impact.METADATA:
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

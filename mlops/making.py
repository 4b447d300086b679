"""Makes one change and sees it ready and checked: a stream of events that ends in its outcome.

What fails goes back to what it was when it was last healthy.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress

from msgspec.structs import replace

from mlops.abilities import Masks
from mlops.checks import bearer, run_checks
from mlops.errors import IncompleteError, LockedError, MlopsError, Problem
from mlops.events import Done, Event, Failed, Progressed, Returned, Started
from mlops.health import is_ready, wait_ready
from mlops.protocols import Means, Place
from mlops.unmoved import check_unmoved
from mlops.values import Action, Change, Desired, Impact, Progress

READY_TIMEOUT = 600.0
"""Seconds that a service may take from its start to the end of `init()`."""


def make(
    change: Change, place: Place, means: Means, release: Callable[[], None] = lambda: None
) -> Iterator[Event]:
    """Make one change and see it ready and checked. Ends in Done, Failed or Returned.

    `release` frees what others hold and the change wants.
    """
    for event in _seen_through(change, place, means, release):
        yield _masked(event, means)


def _seen_through(
    change: Change, place: Place, means: Means, release: Callable[[], None]
) -> Iterator[Event]:
    begun = time.monotonic()
    yield Started(address=change.address, action=change.action)
    try:
        means.lease.check()
        check_unmoved(change, place)
        release()
        outage = yield from _made(change, place, means)
    except MlopsError as error:
        yield from _mended(change, place, means, error)
        return
    yield Done(
        address=change.address,
        action=change.action,
        seconds=time.monotonic() - begun,
        endpoint=change.after.endpoint if change.after else "",
        outage=outage,
    )


def _made(change: Change, place: Place, means: Means) -> Generator[Event, None, float]:
    """Make a change, wait for the service and run its checks; return what it cost, in seconds.

    Raises MlopsError.
    """
    outage = 0.0
    for step in place.apply(change, means):
        if isinstance(step, Progress):
            yield Progressed(address=change.address, progress=step)
        else:
            outage = step.outage
    after = change.after
    if after is None or not after.endpoint or change.impact is Impact.METADATA:
        return outage
    yield _progressed(change, "waiting until it is ready")
    health = wait_ready(place, change.address, timeout=READY_TIMEOUT)
    if not is_ready(health):
        raise IncompleteError(Problem(summary=health.summary, where=after.where))
    if after.checks:
        yield _progressed(change, f"checking ({len(after.checks)})")
        key = bearer(place, change.address)
        problems = run_checks(after.checks, after.endpoint, trust=after.trust, key=key)
        if problems:
            raise IncompleteError(*problems)
    return outage


def _mended(change: Change, place: Place, means: Means, error: MlopsError) -> Iterator[Event]:
    """Go back to what was healthy, if anything was, and say what failed."""
    log = _log(change, place, error)
    before = None
    with suppress(MlopsError):
        healthy = _before(change, means, error)
        if healthy is not None:
            means.lease.check()
            yield _progressed(change, "going back to what it was")
            yield from _made(_back(change, healthy), place, means)
        before = healthy
    if before is None:
        yield Failed(
            address=change.address,
            action=change.action,
            problems=error.problems,
            log=log,
            code=error.code,
        )
        return
    yield Returned(
        address=change.address,
        action=change.action,
        problems=error.problems,
        log=log,
        endpoint=before.endpoint,
    )


def _log(change: Change, place: Place, error: MlopsError) -> tuple[str, ...]:
    """Return the last lines of what failed; none if its place doesn't answer either."""
    if isinstance(error, IncompleteError) and error.log:
        return error.log
    if change.address.kind == "service":
        with suppress(MlopsError):
            return place.health(change.address).log
    return ()


def _before(change: Change, means: Means, error: MlopsError) -> Desired | None:
    """Return what to go back to: what was last healthy, unless that is what just failed.

    A platform that refused a call left the service as it was, or as it is wanted: the next plan
    tells which. Only what did not get ready or failed its checks goes back, and what was stopped.
    """
    if change.action is not Action.UPDATE or change.after is None or isinstance(error, LockedError):
        return None
    if change.address.kind != "service":
        return None
    if not isinstance(error, IncompleteError) and not change.stops_first:
        return None
    before = means.healthy(change.address)
    return None if before is None or before.fields == change.after.fields else before


def _back(change: Change, before: Desired) -> Change:
    return Change(
        address=change.address,
        action=Action.UPDATE,
        reason="it failed",
        impact=Impact.RESTART,
        after=before,
    )


def _progressed(change: Change, text: str) -> Progressed:
    return Progressed(address=change.address, progress=Progress(text=text))


def _masked(event: Event, means: Means) -> Event:
    """Return an event whose texts hold none of the secrets that were asked for."""
    if not isinstance(means, Masks):
        return event
    if isinstance(event, Progressed):
        step = replace(event.progress, text=means.masked(event.progress.text))
        return replace(event, progress=step)
    if isinstance(event, (Failed, Returned)):
        problems = tuple(
            replace(each, summary=means.masked(each.summary), hint=means.masked(each.hint))
            for each in event.problems
        )
        return replace(event, problems=problems, log=tuple(map(means.masked, event.log)))
    return event

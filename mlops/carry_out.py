"""Applies an agreed plan and keeps the records of it: what was begun, made, held."""

from collections.abc import Collection, Iterator, Mapping
from threading import Event as Flag

from mlops.apply import PARALLELISM, apply
from mlops.errors import LockedError, StaleError
from mlops.events import Done, Event, Failed, Returned, Skipped, Unfinished
from mlops.plan import compared, filed
from mlops.policy import blocked
from mlops.protocols import Means, Records, World
from mlops.spec import Fields
from mlops.values import Action, Address, Desired, Plan


def carry_out(
    world: World,
    agreed: Plan,
    means: Means,
    stop: Flag,
    parallelism: int = PARALLELISM,
    holds: Mapping[Address, Fields] | None = None,
) -> Iterator[Event]:
    """Apply a plan, recording before the first write what shall be made, and each change done.

    A run that is cut short stays open until the next one. What either leaves in the middle of a
    change is unfinished, until a run finds it made or makes it. What is made of an address in
    `holds` is held against those fields.
    """
    number = means.lease.number
    open_before = frozenset(world.records.unfinished())
    world.records.begin(number, agreed.wanted, agreed.pending)
    _catch_up(world.records, number, agreed)
    after = {change.address: filed(change) for change in agreed.changes}
    ends: dict[Address, Event] = {}
    events = apply(
        agreed.pending,
        world.places,
        means,
        blocked=blocked(agreed),
        stop=stop,
        parallelism=parallelism,
    )
    for told in events:
        event = _with_lease(told, means)
        _record(world.records, number, event, after.get(event.address))
        if isinstance(event, Done) and holds and event.address in holds:
            world.records.hold(event.address, holds[event.address], "it was rolled back")
        ends[event.address] = event
        yield event
    world.records.finish(number, _outcome(agreed, ends, open_before, stopped=stop.is_set()))


def _outcome(
    agreed: Plan,
    ends: Mapping[Address, Event],
    open_before: Collection[Address],
    *,
    stopped: bool,
) -> Fields:
    """Return how a run ended, in a word, and which addresses it leaves in the middle of a change.

    What was so before and was not even tried still is.
    """
    untried = {address for address, end in ends.items() if _untried(end)}
    failed = {address for address, end in ends.items() if isinstance(end, (Failed, Unfinished))}
    left = failed - untried
    left |= set(open_before) & (untried | set(agreed.left_out))
    return {
        "result": _result(ends.values(), stopped=stopped),
        "changes": sum(isinstance(end, Done) for end in ends.values()),
        "unfinished": tuple(sorted(map(str, left))),
    }


def _untried(end: Event) -> bool:
    """Tell whether a change was not even begun: skipped, or of what somebody else changed."""
    return isinstance(end, Skipped) or (isinstance(end, Failed) and end.code == StaleError.code)


def _result(ends: Collection[Event], *, stopped: bool) -> str:
    """Return in a word how a run ended. A stop that came too late interrupted nothing."""
    if stopped and any(isinstance(end, (Skipped, Unfinished)) for end in ends):
        return "interrupted"
    if any(isinstance(end, Failed) for end in ends):
        return "failed"
    return "returned" if any(isinstance(end, Returned) for end in ends) else "done"


def _record(records: Records, number: int, event: Event, wanted: Desired | None) -> None:
    """Record what an event says was made, or was tried and went back."""
    if isinstance(event, Done):
        fields = wanted.fields if wanted else None
        records.write(number, event.address, fields, event.outage)
    if isinstance(event, Returned) and wanted:
        records.hold(event.address, compared(wanted), event.problems[0].summary)


def _with_lease(event: Event, means: Means) -> Event:
    """Return an event as it is, or that the lease was lost meanwhile.

    Then nothing is recorded: another run may have changed the same thing since.
    """
    if isinstance(event, (Done, Returned)):
        try:
            means.lease.check()
        except LockedError as error:
            return Failed(
                address=event.address, action=event.action, problems=error.problems, code=error.code
            )
    return event


def _catch_up(records: Records, number: int, agreed: Plan) -> None:
    """Record what an earlier run made and could not record any more."""
    applied = records.read()
    for change in agreed.changes:
        record = applied.get(change.address)
        wanted = filed(change)
        if change.action is Action.KEEP and wanted and record and record.unfinished:
            records.write(number, change.address, wanted.fields)

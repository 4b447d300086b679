"""Applies an agreed plan and keeps the records of it: what was begun, made, held."""

from collections import Counter
from collections.abc import Iterator, Mapping
from threading import Event as Flag

from mlops.apply import PARALLELISM, apply
from mlops.errors import LockedError
from mlops.events import Done, Event, Failed, Returned
from mlops.policy import blocked
from mlops.protocols import Means, Records, World
from mlops.references import bare_fields
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

    A run that is cut short or leaves something undone stays open: the next plan says so, and the
    next run records what it finds made. What is made of an address in `holds` is held against
    those fields.
    """
    number = means.lease.number
    world.records.begin(number, agreed.wanted, agreed.pending)
    _catch_up(world.records, number, agreed)
    after = {change.address: change.after for change in agreed.changes}
    counted: Counter[str] = Counter()
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
        counted[type(event).__name__.lower()] += 1
        yield event
    if not counted["failed"] and not counted["unfinished"]:
        result = "returned" if counted["returned"] else "done"
        world.records.finish(number, {"result": result, "changes": counted["done"]})


def _record(records: Records, number: int, event: Event, wanted: Desired | None) -> None:
    """Record what an event says was made, or was tried and went back."""
    if isinstance(event, Done):
        records.write(number, event.address, wanted.fields if wanted else None)
    if isinstance(event, Returned) and wanted:
        records.hold(event.address, bare_fields(wanted.fields), event.problems[0].summary)


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
        if change.action is Action.KEEP and change.after and record and record.unfinished:
            records.write(number, change.address, change.after.fields)

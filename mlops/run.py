"""One walk of the pipeline: survey the world, apply what was agreed, prove that nothing is left."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event as Flag
from typing import Protocol

from mlops.apply import PARALLELISM, apply
from mlops.errors import LockedError, Problem
from mlops.events import Done, Event, Failed, Returned
from mlops.observe import observe
from mlops.plain import fingerprint
from mlops.plan import notes, plan
from mlops.policy import blocked
from mlops.protocols import Means, Places
from mlops.selection import Selection, names, selected
from mlops.spec import Fields
from mlops.values import Action, Address, Applied, Change, Desired, Plan

EVERYTHING = Selection()

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds between two looks at what shall settle."""


class Records(Protocol):
    """Remembers what was last applied, run by run. It explains; it never says what exists."""

    def read(self) -> Mapping[Address, Applied]:
        """Return the last record of each address that was not deleted since."""

    def begin(self, number: int, desired: Sequence[Desired], changes: Iterable[Change]) -> None:
        """Record what the run `number` sets out to make, before its first write."""

    def write(self, number: int, address: Address, fields: Fields | None) -> None:
        """Record the fields that were applied; None after a delete."""

    def hold(self, address: Address, refused: Fields, why: str) -> None:
        """Record that an address went back from these fields, and why."""

    def desired(self, number: int) -> Mapping[Address, Desired]:
        """Return what the run `number` wanted; nothing if nobody knows any more."""

    def finish(self, number: int, outcome: Fields) -> None:
        """Record how the run ended."""

    def open(self) -> bool:
        """Tell whether an earlier run was cut short, or left something undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The places of a run, and the records of the runs before."""

    project: str
    store: str
    places: Places
    records: Records


def survey(world: World, desired: Iterable[Desired], selection: Selection = EVERYTHING) -> Plan:
    """Return the plan that makes the live world what is desired. Changes nothing."""
    applied = world.records.read()
    wanted, held = _held_back(tuple(desired), applied, world.records, selection)
    seen = observe(wanted, world.places)
    whole = Plan(
        project=world.project,
        store=world.store,
        changes=plan(wanted, seen, applied, world.places),
        notes=(*held, *notes(seen)),
        wanted=wanted,
    )
    return selected(whole, selection)


def _held_back(
    desired: tuple[Desired, ...],
    applied: Mapping[Address, Applied],
    records: Records,
    selection: Selection,
) -> tuple[tuple[Desired, ...], tuple[str, ...]]:
    """Return what is wanted, where what a service went back from gives way to what it has.

    The second value tells of each one that is held.
    """
    wanted = {thing.address: thing for thing in desired}
    told: list[str] = []
    for thing in () if selection.past_holds else desired:
        record = applied.get(thing.address)
        if record is None or not record.held or record.held != fingerprint(thing.fields):
            continue
        before = records.desired(record.revision)
        if thing.address not in before or names(selection.retry, thing.address):
            continue
        kept = before[thing.address]
        wanted |= {need: before[need] for need in kept.needs if need in before}
        wanted[thing.address] = replace(kept, where=thing.where, checks=thing.checks)
        told.append(
            f"{thing.address} is held at what it was: {record.why}; change the file, or try again"
            f" with `--retry {thing.address.name}`"
        )
    return tuple(wanted.values()), tuple(told)


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
        records.hold(event.address, wanted.fields, event.problems[0].summary)


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
        left = [change for change in survey(world, wanted).pending if change.address in made]
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

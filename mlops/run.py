"""One walk of the pipeline: survey the world, apply what was agreed, prove that nothing is left."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Event as Flag
from typing import Protocol

from mlops.apply import PARALLELISM, apply
from mlops.errors import Problem
from mlops.events import Done, Event, Started
from mlops.observe import observe
from mlops.plan import notes, plan
from mlops.policy import blocked
from mlops.protocols import Means, Places
from mlops.selection import Selection, selected
from mlops.spec import Fields
from mlops.values import Action, Address, Applied, Desired, Plan

EVERYTHING = Selection()


class Records(Protocol):
    """Remembers what was last applied. It explains; it never says what exists."""

    def read(self) -> Mapping[Address, Applied]:
        """Return the last record of each address that was not deleted since."""

    def write(self, address: Address, fields: Fields | None) -> None:
        """Record the fields that were applied; None after a delete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The places of a run, and the records of the runs before."""

    project: str
    store: str
    places: Places
    records: Records


def survey(world: World, desired: Iterable[Desired], selection: Selection = EVERYTHING) -> Plan:
    """Return the plan that makes the live world what is desired. Changes nothing."""
    wanted = tuple(desired)
    seen = observe(wanted, world.places)
    whole = Plan(
        project=world.project,
        store=world.store,
        changes=plan(wanted, seen, world.records.read(), world.places),
        notes=notes(seen),
    )
    return selected(whole, selection)


def carry_out(
    world: World, agreed: Plan, means: Means, stop: Flag, parallelism: int = PARALLELISM
) -> Iterator[Event]:
    """Apply a plan, recording each change as it is done.

    The record of what is being changed is taken back first: what a failure or a kill leaves
    behind is then of unknown cause, and nobody's drift.
    """
    recorded = world.records.read() if agreed.pending else {}
    after = {change.address: change.after for change in agreed.changes}
    events = apply(
        agreed.pending,
        world.places,
        means,
        blocked=blocked(agreed),
        stop=stop,
        parallelism=parallelism,
    )
    for event in events:
        if isinstance(event, Started) and event.address in recorded:
            world.records.write(event.address, None)
        if isinstance(event, Done):
            made = after[event.address]
            world.records.write(event.address, made.fields if made else None)
        yield event


def prove(world: World, desired: Iterable[Desired], agreed: Plan) -> tuple[Problem, ...]:
    """Look again; return a problem for each change that a second plan would still make."""
    again = survey(world, desired)
    settled = {change.address for change in agreed.changes} - blocked(agreed).keys()
    left = [change for change in again.pending if change.address in settled]
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

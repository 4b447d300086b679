"""Looks at the live world and says what would make it what is desired. Changes nothing."""

from collections.abc import Collection, Iterable, Mapping
from typing import SupportsInt

from msgspec.structs import replace

from mlops.abilities import CountsCalls
from mlops.observe import Look, look
from mlops.plain import fingerprint
from mlops.plan import compared, in_the_way, notes, plan
from mlops.policy import expired, in_force
from mlops.protocols import Records, World
from mlops.recall import recall
from mlops.secrets.compare import assumed, identified
from mlops.secrets.fields import told, uncompared
from mlops.selection import Selection, names, selected
from mlops.values import Address, Applied, Desired, Plan

EVERYTHING = Selection()


def survey(
    world: World,
    desired: Iterable[Desired],
    selection: Selection = EVERYTHING,
    *,
    lenient: bool = False,
) -> Plan:
    """Return the plan that makes the live world what is desired. Changes nothing.

    A place that lets nobody look without credentials is left out of the plan, which names it. Who
    only looks is `lenient`: somebody else's port that is wanted is a note, and not the end.
    """
    applied = world.records.read()
    kept, held = _held_back(tuple(desired), applied, world.records, selection)
    there = look(kept, world.places)
    seen = recall(there.things, world.places, world.records)
    there = replace(there, things=seen)
    found = _planned(world, assumed(kept, seen), there, applied, selection, lenient=lenient)
    if world.secrets is None:
        secrets = uncompared(found.changes)
    else:
        secrets, among = (), {change.address for change in found.changes}
        compared = identified(found.wanted, seen, world.secrets, among)
        found = _planned(world, compared, there, applied, selection, lenient=lenient)
    changes = tuple(told(change) for change in found.changes)
    over = expired(world.ignore, world.today)
    taken = in_the_way(kept, seen) if lenient else ()
    told_too = (*held, *secrets, *over, *taken, *notes(seen))
    return replace(found, changes=changes, notes=told_too)


def _planned(
    world: World,
    wanted: tuple[Desired, ...],
    seen: Look,
    applied: Mapping[Address, Applied],
    selection: Selection,
    *,
    lenient: bool,
) -> Plan:
    records = known(applied, world.left, {thing.address for thing in seen.things})
    ignored = in_force(world.ignore, world.today)
    hidden = {one.place for one in seen.unobserved}
    places = {name: place for name, place in world.places.items() if name not in hidden}
    whole = Plan(
        project=world.project,
        store=world.store,
        changes=plan(wanted, seen.things, records, places, ignored, lenient=lenient),
        wanted=wanted,
        identities={name: place.identity for name, place in places.items()},
        calls=_calls(world),
        unobserved=seen.unobserved,
    )
    return selected(whole, selection)


def known(
    applied: Mapping[Address, Applied], left: Collection[str], seen: Collection[Address] = ()
) -> Mapping[Address, Applied]:
    """Return the records without those of a place that moved, but for what was seen there.

    `left` has such a place as `name@digest`: what was applied to `name/...` was applied there.
    """
    moved = {name.partition("@")[0] for name in left if "@" in name}
    return {
        address: record
        for address, record in applied.items()
        if address.place not in moved or address in seen
    }


def _calls(world: World) -> int:
    """Return how many requests the places have sent; what counts otherwise counts as none."""
    counts: list[object] = [at.calls for at in world.places.values() if isinstance(at, CountsCalls)]
    return sum(int(count) for count in counts if isinstance(count, SupportsInt))


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
    words: list[str] = []
    for thing in () if selection.past_holds else desired:
        record = applied.get(thing.address)
        if record is None or not record.held or record.held != fingerprint(compared(thing)):
            continue
        before = records.desired(record.revision)
        if thing.address not in before or names(selection.retry, thing.address):
            continue
        kept = before[thing.address]
        wanted |= {need: before[need] for need in kept.needs if need in before}
        wanted[thing.address] = replace(kept, where=thing.where, checks=thing.checks)
        words.append(
            f"{thing.address} is held at what it was: {record.why}; change the file, or try again"
            f" with `--retry {thing.address.name}`"
        )
    return tuple(wanted.values()), tuple(words)

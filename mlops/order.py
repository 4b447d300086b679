"""Puts changes into a graph: what each one waits for. Pure."""

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from msgspec.structs import replace

from mlops.claims import Holders, any_clash
from mlops.values import Address, Change


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes so that each follows what it waits for.

    Where services want each other's ports, one of them is marked to be stopped first.
    """
    given = {change.address: change for change in changes}
    while True:
        try:
            return tuple(given[address] for address in _sorted(waits(given.values())))
        except CycleError as error:
            first = _holder(given, error.args[1])
            given[first.address] = replace(first, stops_first=True)


def _sorted(graph: Mapping[Address, frozenset[Address]]) -> tuple[Address, ...]:
    """Return the nodes of a graph in an order that is the same at every run."""
    sorter: TopologicalSorter[Address] = TopologicalSorter()
    for address in graph:  # first the nodes alone: sets have no order
        sorter.add(address)
    for address, before in graph.items():
        sorter.add(address, *before)
    return tuple(sorter.static_order())


def waits(changes: Collection[Change]) -> Mapping[Address, frozenset[Address]]:
    """Return what each change waits for: what it needs, and what holds a claim that it wants.

    A removal waits for everything that is made. Where something made waits for what it frees, it
    waits for what that needs, so that nothing is removed for what can't be made.
    """
    known = frozenset(change.address for change in changes)
    holders = _holders(changes)
    wanted = _wanted(changes)
    made = frozenset(change.address for change in changes if change.after)
    needs = {change.address: known.intersection(change.needs) for change in changes}
    users = _users(changes)
    return {
        change.address: (
            _before_making(change, holders, known)
            if change.after
            else users.get(change.address, frozenset())
            | _before_removal(change, wanted, needs, made)
        )
        for change in changes
    }


def circles(changes: Collection[Change]) -> Mapping[Address, tuple[Change, ...]]:
    """Return for each change the services that stop before it, since they hold what it wants."""
    stopped = [change for change in changes if change.stops_first]
    return {
        change.address: tuple(
            other for other in stopped if other is not change and _wants(change, other)
        )
        for change in (changes if stopped else ())
    }


def _wants(change: Change, holder: Change) -> bool:
    """Tell whether a change wants what another one holds now."""
    if change.after is None or holder.before is None:
        return False
    return any_clash(change.after.claims, holder.before.claims)


def _holder(changes: Mapping[Address, Change], cycle: Iterable[Address]) -> Change:
    """Return the first change of a cycle that holds what another one wants."""
    circle = [changes[address] for address in sorted(set(cycle))]
    holders = _holders(circle)
    wanted = (claim for change in circle if change.after for claim in change.after.claims)
    holding = {holder for claim in wanted for holder in holders.of(claim)}
    return next(change for change in circle if change.address in holding)


def _holders(changes: Iterable[Change]) -> Holders[Address]:
    """Return who holds a claim now and will let it go, but for who is stopped first."""
    return Holders(
        (claim, change.address)
        for change in changes
        if change.before is not None and not change.stops_first
        for claim in change.before.claims
        if change.after is None or claim not in change.after.claims
    )


def _wanted(changes: Iterable[Change]) -> Holders[Address]:
    """Return who wants a claim."""
    return Holders(
        (claim, change.address)
        for change in changes
        if change.after is not None
        for claim in change.after.claims
    )


def _before_making(
    change: Change, holders: Holders[Address], known: Collection[Address]
) -> frozenset[Address]:
    claims = change.after.claims if change.after else ()
    freed = {holder for claim in claims for holder in holders.of(claim)} - {change.address}
    return frozenset(freed | {address for address in change.needs if address in known})


def _users(changes: Iterable[Change]) -> dict[Address, frozenset[Address]]:
    """Return the removals of what needs a thing, by the thing."""
    users: dict[Address, set[Address]] = {}
    for change in changes:
        if change.after is None and change.before is not None:
            for need in change.before.needs:
                users.setdefault(need, set()).add(change.address)
    return {address: frozenset(found) for address, found in users.items()}


def _before_removal(
    removal: Change,
    wanted: Holders[Address],
    needs: Mapping[Address, frozenset[Address]],
    made: frozenset[Address],
) -> frozenset[Address]:
    claims = removal.before.claims if removal.before else ()
    wanters = [address for claim in claims for address in wanted.of(claim)]
    return frozenset().union(*(needs[each] for each in wanters)) if wanters else made

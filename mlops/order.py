"""Puts changes into the order of execution. Pure."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from mlops.errors import Problem, SpecError
from mlops.values import Address, Change


def ordered(changes: list[Change]) -> tuple[Change, ...]:
    """Return the changes so that each follows what it needs; removals go last.

    A removal that frees a claim goes before the change that wants it.
    """
    by_address = {change.address: change for change in changes}
    holders = _holders(changes)
    graph: TopologicalSorter[Address] = TopologicalSorter()
    for change in changes:
        graph.add(change.address, *_predecessors(change, changes, holders, by_address))
    try:
        order = tuple(graph.static_order())
    except CycleError as error:
        raise SpecError(_swap(error.args[1])) from error
    return tuple(by_address[address] for address in order if address in by_address)


def _swap(cycle: list[Address]) -> Problem:
    """Return the problem of services that each want what another one holds."""
    names = ", ".join(f"`{address}`" for address in sorted(set(cycle)))
    return Problem(
        summary=f"{names} want each other's ports",
        hint="move one of them to a free port first, apply, then give it the port it wants",
    )


def _holders(changes: Iterable[Change]) -> dict[str, Address]:
    """Return who holds a claim now and will let it go."""
    return {
        claim: change.address
        for change in changes
        if change.before is not None
        for claim in change.before.claims
        if change.after is None or claim not in change.after.claims
    }


def _predecessors(
    change: Change,
    changes: list[Change],
    holders: Mapping[str, Address],
    by_address: Mapping[Address, Change],
) -> list[Address]:
    if change.after is None:
        return _before_removal(change, changes, holders)
    first = [address for address in change.needs if address in by_address]
    first += [
        holders[claim]
        for claim in change.after.claims
        if claim in holders and holders[claim] != change.address
    ]
    return first


def _before_removal(
    removal: Change, changes: list[Change], holders: Mapping[str, Address]
) -> list[Address]:
    """Return what goes before a removal: what is made, unless it waits for what this one frees."""
    frees = {claim for claim, address in holders.items() if address == removal.address}
    users = [
        change.address
        for change in changes
        if change.after is None and change.before and removal.address in change.before.needs
    ]
    if frees:
        wanted = {
            claim for change in changes if change.after is not None for claim in change.after.claims
        }
        if frees & wanted:
            return users
    made = [change.address for change in changes if change.after is not None]
    return made + users

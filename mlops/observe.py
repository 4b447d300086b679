"""Asks every place what exists, side by side. Read only."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from mlops.protocols import Place, Places
from mlops.values import Desired, Observed


def observe(desired: Iterable[Desired], places: Places) -> tuple[Observed, ...]:
    """Return what exists at every place: what is wanted there, and what else bears a mark."""
    wanted = tuple(desired)

    def at(name: str, place: Place) -> tuple[Observed, ...]:
        return tuple(place.observe([thing for thing in wanted if thing.address.place == name]))

    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="observe") as pool:
        found = pool.map(at, places.keys(), places.values())
        return tuple(thing for things in found for thing in things)

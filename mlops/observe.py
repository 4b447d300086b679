"""Asks every place what exists, side by side. Read only."""

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from msgspec import Struct

from mlops.abilities import Wakes
from mlops.errors import CredentialsError
from mlops.protocols import Place, Places
from mlops.unobserved import Unobserved
from mlops.values import Desired, Observed


class Look(Struct, frozen=True, kw_only=True):
    """What was seen, and the places that could not be looked at for want of credentials."""

    things: tuple[Observed, ...]
    unobserved: tuple[Unobserved, ...]


def observe(desired: Iterable[Desired], places: Places) -> tuple[Observed, ...]:
    """Return what exists at every place: what is wanted there, and what else bears a mark.

    Raises CredentialsError where one of them can't be looked at.
    """
    found = look(desired, places)
    if found.unobserved:
        raise CredentialsError(*(one.why for one in found.unobserved))
    return found.things


@contextmanager
def waking(places: Places) -> Iterator[None]:
    """Let places get ready to be asked while something else is done."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="wake") as pool:
        for place in places.values():
            if isinstance(place, Wakes):
                pool.submit(place.wake)
        yield


def look(desired: Iterable[Desired], places: Places) -> Look:
    """Return what exists at every place, and which places let nobody look without credentials."""
    wanted = tuple(desired)

    def at(name: str, place: Place) -> tuple[Observed, ...] | Unobserved:
        here = [thing for thing in wanted if thing.address.place == name]
        try:
            return tuple(place.observe(here))
        except CredentialsError as error:
            return _unobserved(name, here, error)

    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="observe") as pool:
        found = list(pool.map(at, places.keys(), places.values()))
    return Look(
        things=tuple(
            thing for things in found if not isinstance(things, Unobserved) for thing in things
        ),
        unobserved=tuple(one for one in found if isinstance(one, Unobserved)),
    )


def _unobserved(place: str, wanted: Collection[Desired], error: CredentialsError) -> Unobserved:
    services = [thing for thing in wanted if thing.address.kind == "service"]
    return Unobserved(
        place=place,
        why=error.problems[0],
        services=tuple(thing.address.name for thing in services),
        where=next((thing.where for thing in services), None),
    )

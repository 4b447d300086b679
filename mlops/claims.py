"""Exclusive resources: which claims exclude each other. Pure.

A claim is a resource and perhaps the part of it that is meant: `port/8890@127.0.0.1` is the port
on one address, `port/8890` the port on all of them. The whole excludes each part.
"""

import ipaddress
from collections.abc import Iterable
from typing import Generic, TypeVar

Holder = TypeVar("Holder")


def port_claim(host: str, port: int) -> str:
    """Return the claim of who listens on a port of a host.

    All addresses are the whole port; so is a name, which may mean any of them.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"port/{port}"
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return f"port/{port}" if address.is_unspecified else f"port/{port}@{address}"


def resource(claim: str) -> str:
    """Return the whole of which a claim means a part."""
    return claim.partition("@")[0]


def words(claim: str) -> str:
    """Return a claim as people say it: `port 8890`."""
    return resource(claim).replace("/", " ")


def clash(one: str, other: str) -> bool:
    """Tell whether two claims exclude each other."""
    whole = resource(one)
    return whole == resource(other) and (one == other or whole in (one, other))


def any_clash(some: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether one of some claims excludes one of others."""
    known = tuple(others)
    return any(clash(one, other) for one in some for other in known)


class Holders(Generic[Holder]):
    """Who holds what, to be asked for a claim among thousands."""

    def __init__(self, held: Iterable[tuple[str, Holder]]) -> None:
        self._held: dict[str, list[tuple[str, Holder]]] = {}
        for claim, holder in held:
            self._held.setdefault(resource(claim), []).append((claim, holder))

    def of(self, claim: str) -> list[Holder]:
        """Return each holder of what a claim excludes, in the order they were given."""
        held = self._held.get(resource(claim), ())
        return [holder for other, holder in held if clash(claim, other)]

"""What a client may ask for, in seconds, requests and bytes. Pure."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple


class UnfitError(Exception):
    """The service cannot be run as its settings say; the sentence says why."""


class Limits(NamedTuple):
    """The `serving` block: seconds, requests, bytes."""

    timeout: float = 300.0
    """Seconds that one `run()` may take."""
    queue: int = 100
    """Requests that may wait, beside those that run."""
    queue_bytes: int = 256 * 1024 * 1024
    """Bytes of bodies that may be held at once, over all connections."""
    max_wait: float | None = None
    """Seconds that a request may wait until its `run()` begins."""
    workers: int = 1
    max_body: int = 100 * 1024 * 1024
    """Bytes of one body: v1's nginx."""
    max_head: int = 64 * 1024
    """Bytes of one request's line and headers."""
    max_headers: int = 200
    """Headers of one request."""
    connections: int = 1000
    head_timeout: float = 15.0
    """Seconds in which a request's headers must arrive."""
    body_timeout: float = 60.0
    """Seconds in which a body must arrive, and one more for each 1024 bytes that did."""
    keep_alive: float = 75.0
    """Seconds that an idle connection is kept; longer than load balancers keep theirs (60)."""


FRONT = frozenset(Limits._fields) - {"timeout"}
POSITIVE = ("timeout", "workers", "connections", "head_timeout", "body_timeout", "keep_alive")


V1 = (
    ("timeout", "SCORING_TIMEOUT_MS", 0.001),
    ("timeout", "WORKER_TIMEOUT", 1),
    ("workers", "WORKER_COUNT", 1),
)
"""What v1's server reads in its environment, and how many of our units one of its is."""


def limits(said: Mapping[str, Any], variables: Mapping[str, str]) -> Limits:
    """Read the numbers of the `serving` block, and v1's variables where it says nothing."""
    given = {**carried(variables, said), **said}
    found: dict[str, Any] = {}
    defaults: Mapping[str, Any] = Limits()._asdict()
    for name, default in defaults.items():
        value = given.get(name, default)
        if value is None and name == "max_wait":
            continue
        found[name] = int(value) if isinstance(default, int) else float(value)
        if found[name] < 0 or (name in POSITIVE and not found[name]):
            raise UnfitError(f"`serving.{name}` in `settings.json` is out of range")
    return Limits(**found)


def carried(variables: Mapping[str, str], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what v1's variables say that the `serving` block does not; the shorter time wins."""
    found: dict[str, Any] = {}
    for name, variable, unit in V1:
        value = variables.get(variable, "").strip()
        if name in said or not value:
            continue
        if not (value.isascii() and value.isdigit()) or not int(value):
            raise UnfitError(f"`{variable}` is `{value}`, not a whole number above 0")
        found[name] = min(int(value) * unit, found.get(name, math.inf))
    return found


def split(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Tell what the front obeys from what a worker is told; a timeout concerns both."""
    front = {name: value for name, value in given.items() if name in FRONT or name == "timeout"}
    return front, {name: value for name, value in given.items() if name not in FRONT}

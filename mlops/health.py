"""Waits until a service is ready, has failed, or took too long. Asks often at first, then less."""

import time
from collections.abc import Callable

from msgspec.structs import replace

from mlops.protocols import Place
from mlops.values import Address, Health

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_GROWTH = 1.5


def wait_ready(
    place: Place,
    address: Address,
    *,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Health:
    """Return how a service stands, once that is settled.

    That is when all instances are ready, at once when one failed, or after `timeout` seconds,
    with a summary that says so. The caller judges: `is_ready` tells.
    """
    begun = clock()
    pause = _FIRST_PAUSE
    while True:
        health = place.health(address)
        if is_ready(health) or health.failed > 0:
            return health
        left = begun + timeout - clock()
        if left <= 0:
            return replace(health, summary=_too_long(health, timeout))
        sleep(min(pause, left))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


def is_ready(health: Health) -> bool:
    """Tell whether every instance is ready, and there is one."""
    return health.ready >= health.total > 0 and health.failed == 0


def _too_long(health: Health, timeout: float) -> str:
    state = f": {health.summary}" if health.summary else ""
    return f"{health.ready} of {health.total} ready after {timeout:g} s{state}"

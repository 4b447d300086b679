"""The lines that a service prints, whichever container it lives in."""

import time
from collections.abc import Iterator
from contextlib import suppress

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError
from mlops.targets.docker.moments import seconds

POLL = 0.3
"""Seconds between two looks for the container that takes the place of one that ended."""


def lines_of(engine: Engine, name: str, *, follow: bool, count: int) -> Iterator[str]:
    """Yield the last lines of a container, then, if `follow`, each new one. Never ends then.

    A container that is stopped or replaced is waited for, and followed from its start.
    """
    seen = ""
    with suppress(MissingError):
        seen = _run_of(engine, name)
        yield from engine.containers.lines(name, follow=follow, count=count, since=0)
    while follow:
        time.sleep(POLL)
        with suppress(MissingError):
            run = _run_of(engine, name)
            if run != seen:
                ident, _, started = run.partition(" ")
                again = ident == seen.partition(" ")[0]
                seen = run
                since = seconds(started) if again else 0.0
                yield from engine.containers.lines(ident, follow=True, count="all", since=since)


def _run_of(engine: Engine, name: str) -> str:
    """Return what tells one start of a container from another: its id, and when it started."""
    inspected = engine.containers.inspected(name)
    return f"{inspected['Id']} {inspected['State']['StartedAt']}"

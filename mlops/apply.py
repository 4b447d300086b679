"""Plan -> a stream of events: walks the graph of changes in parallel, and knows how to stop.

What a change means is the place's business; how one is made and proved is in `making.py`.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread

from mlops.abilities import CanStop
from mlops.events import Done, Event, Failed, Returned, Skipped, Unfinished
from mlops.making import make
from mlops.order import circles, waits
from mlops.protocols import Means, Places
from mlops.values import Action, Address, Change

PARALLELISM = 10
"""Changes that run at the same time at one place, unless told otherwise."""

GRACE = 5.0
"""Seconds that changes in flight get after a stop; what is left then is unfinished."""

TICK = 0.1
"""Seconds between two looks at `stop`."""


def apply(
    changes: Iterable[Change],
    places: Places,
    means: Means,
    *,
    blocked: Mapping[Address, str],
    stop: Flag,
    parallelism: int = PARALLELISM,
) -> Iterator[Event]:
    """Make the changes, side by side where nothing waits, yielding what happens as it happens.

    What needs a failed change is skipped, and nothing is deleted once anything failed. After
    `stop` nothing starts; what runs gets its grace, and then loses the lease.
    """
    walk = _Walk(tuple(changes), blocked, parallelism)
    said: SimpleQueue[Event | Exception] = SimpleQueue()
    deadline = 0.0
    while walk.open:
        yield from walk.skip(stopped=stop.is_set())
        for change in walk.start():
            events = make(
                change,
                places[change.address.place],
                means,
                partial(_stop_first, walk.let_go(change), places, means),
            )
            work = (events, said)
            Thread(target=_work, args=work, daemon=True, name=str(change.address)).start()
        for event in _heard(said):
            walk.hear(event)
            yield event
        if stop.is_set():
            deadline = deadline or time.monotonic() + GRACE
            if time.monotonic() > deadline:
                means.lease.revoke()
                yield from walk.abandon()


def _work(events: Iterator[Event], said: "SimpleQueue[Event | Exception]") -> None:
    """Make one change on a thread of its own. What is no error of ours travels to the caller."""
    try:
        for event in events:
            said.put(event)
    except Exception as error:  # noqa: BLE001  raised again by _heard
        said.put(error)


def _heard(said: "SimpleQueue[Event | Exception]") -> Iterator[Event]:
    """Yield what was said, waiting a moment for the first word."""
    wait = TICK
    while True:
        try:
            event = said.get(timeout=wait) if wait else said.get_nowait()
        except Empty:
            return
        if isinstance(event, Exception):
            raise event
        yield event
        wait = 0.0


def _stop_first(holders: Iterable[Change], places: Places, means: Means) -> None:
    """Stop the services that hold what a change of their circle wants."""
    for change in holders:
        place = places[change.address.place]
        if isinstance(place, CanStop):
            means.lease.check()
            place.stop(change.address)


class _Walk:
    """Which changes wait, which run, and what is missing of those that are over."""

    def __init__(
        self, changes: tuple[Change, ...], blocked: Mapping[Address, str], parallelism: int
    ) -> None:
        self._waits = waits(changes)
        self._left = {address: len(before) for address, before in self._waits.items()}
        self._followers: dict[Address, list[Address]] = {}
        for address, before in self._waits.items():
            for each in before:
                self._followers.setdefault(each, []).append(address)
        self._waiting = {change.address: change for change in changes}
        self._running: dict[Address, Change] = {}
        self._missing: dict[Address, str] = {}
        self._circles = circles(changes)
        self._stopped: set[Address] = set()
        self._blocked = blocked
        self._parallelism = parallelism

    @property
    def open(self) -> bool:
        """Tell whether anything waits or runs."""
        return bool(self._waiting or self._running)

    def let_go(self, change: Change) -> list[Change]:
        """Return the services that stop before a change, since they hold what it wants."""
        holders = self._circles.get(change.address, ())
        self._stopped.update(holder.address for holder in holders)
        return [holder for holder in holders if holder.address in self._waiting]

    def skip(self, *, stopped: bool) -> Iterator[Skipped]:
        """Give up what can't be tried any more, saying why."""
        again = bool(stopped or self._missing or self._blocked)
        while again:  # what is skipped may be in the way of one before it
            again = False
            for change in tuple(self._waiting.values()):
                because = "stopped" if stopped else self._obstacle(change)
                if because:
                    again = True
                    del self._waiting[change.address]
                    self._missing[change.address] = because
                    self._over(change.address)
                    yield Skipped(address=change.address, action=change.action, because=because)

    def start(self) -> list[Change]:
        """Return the changes that may start now, and count them as running."""
        started = []
        for change in tuple(self._waiting.values()):
            if self._free(change):
                self._running[change.address] = self._waiting.pop(change.address)
                started.append(change)
        return started

    def hear(self, event: Event) -> None:
        """Take note of how a change ended."""
        if isinstance(event, (Done, Failed, Returned)):
            del self._running[event.address]
            self._over(event.address)
        if isinstance(event, (Failed, Returned)):
            self._missing[event.address] = "failed"

    def abandon(self) -> Iterator[Unfinished]:
        """Leave what still runs to itself."""
        for change in tuple(self._running.values()):
            del self._running[change.address]
            yield Unfinished(address=change.address, action=change.action)

    def _over(self, address: Address) -> None:
        """Count down for those that wait for a change."""
        for follower in self._followers.get(address, ()):
            self._left[follower] -= 1

    def _free(self, change: Change) -> bool:
        """Tell whether nothing that a change waits for is open, and its place has room."""
        if self._left[change.address]:
            return False
        busy = sum(1 for other in self._running if other.place == change.address.place)
        return busy < self._parallelism

    def _obstacle(self, change: Change) -> str:
        """Return why a change can't be tried; nothing if it can, now or later."""
        if change.address in self._blocked:
            return self._blocked[change.address]
        needed = next((each for each in self._wanted(change) if each in self._missing), None)
        if needed is not None:
            return f"needs {needed}"
        failed = any(address not in self._blocked for address in self._missing)
        if change.action is Action.DELETE and failed:
            return "something failed, so nothing is deleted"
        return ""

    def _wanted(self, change: Change) -> Iterable[Address]:
        """Return what has to be done before a change can be tried.

        One that was stopped for others is tried without their ports: it may go back to its own.
        """
        if change.after is None or change.address in self._stopped:
            return change.needs
        holders = (holder.address for holder in self._circles.get(change.address, ()))
        return (*change.needs, *self._waits[change.address], *holders)

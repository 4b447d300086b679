"""One run at a time changes a project: a lock made of objects that are created once.

The protocol. Grants are numbered from 1; `grants.py` lists the objects of each. Only the highest
grant counts. A run takes the lock by creating the next grant, which the store lets one of many do,
and only after the highest one is over:

- its holder created `released`, as the last thing it does; or
- its holder is a process of this very machine and boot that has ended (`holder.py`); or
- `taken` is older than 60 s: somebody told the holder to stop (`mlops unlock`); or
- the last beat (or the grant, before the first) is older than 60 s.

What is over is over for good: a holder counts 40 s from before its last beat that arrived, on a
clock that goes on while the machine sleeps, and then refuses every call, even if the store answers
again. So no two runs believe that they hold the lock, if (a) that clock and the store's do not
drift apart by 20 s in 60, and (b) the store creates once and shows at once what it has. Times are
compared only within the store: a waiter writes an object to learn its time.

What can go wrong. A call that had passed `Lease.check` may reach a platform late, after 60 s or
after the death of its process; names make it collide, and the next plan shows it. A virtual machine
that is frozen from outside does not see its clock stop: it finds out with its next beat, 10 s at
most. A grant that a run asked for, gave up on, and that came to be later, holds the lock for 60 s.
A grant, a mark or a beat that arrives late is about its own number, and hurts nobody. One who
removes these objects by hand takes the lock away from a living holder, who finds out likewise.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from mlops.clock import now
from mlops.errors import LockedError, Problem, TargetError
from mlops.plain import canonical
from mlops.store.grants import (
    Grant,
    Seen,
    Timing,
    grant_record,
    path,
    read_grant,
    seen_in,
)
from mlops.store.holder import Holder, dead
from mlops.store.lease import Lease, boottime
from mlops.store.objects import Objects
from mlops.store.patience import Patience
from mlops.store.revisions import last_revision

__all__ = ["Grant", "Holder", "Lease", "Lock", "Timing", "boottime"]

RACE = 0.05
"""Seconds before the next look of one who lost a race."""


class _Asking(Struct):
    """One wish for the lock: `key` is in its grants, `probe` tells it the store's time."""

    key: str
    probe: str
    probed: bool = False


class Lock:
    """The lock of one project in one store."""

    def __init__(
        self,
        objects: Objects,
        project: str,
        holder: Holder,
        *,
        clock: Callable[[], float] = boottime,
        sleep: Callable[[float], None] = time.sleep,
        timing: Timing = Timing(),  # noqa: B008  it is frozen
    ) -> None:
        self._objects = objects.prompt
        self._project = project
        self._folder = f"locks/{project}"
        self._holder = holder
        self._clock = clock
        self._sleep = sleep
        self._timing = timing
        self._patience = Patience(seconds=timing.patience, clock=clock, sleep=sleep)

    def acquire(self, timeout: float, waiting: Callable[[Grant], None] = lambda _: None) -> Lease:
        """Take the lock, waiting up to `timeout` seconds for whoever holds it.

        `waiting` is told who that is, about once a second. Raises LockedError, and TargetError for
        a store that can't be used.
        """
        asking = self._asking()
        deadline = self._clock() + timeout
        try:
            while True:
                held = self._patience.ask(partial(self._step, asking))
                if isinstance(held, Lease):
                    return held
                if held is None:  # another one was quicker: look who
                    self._sleep(min(self._timing.poll, RACE))
                    continue
                left = deadline - self._clock()
                if left <= 0:
                    raise LockedError(locked(self._project, held))
                waiting(held)
                self._sleep(min(self._timing.poll, left))
        finally:
            self._forget(asking)

    def holder(self) -> Grant | None:
        """Return who holds the lock; None if it can be had."""
        asking = self._asking()
        try:
            seen = self._patience.ask(partial(seen_in, self._objects, self._folder))
            return self._patience.ask(partial(self._held, seen, asking))
        finally:
            self._forget(asking)

    def release_by_force(self, waiting: Callable[[Grant], None] = lambda _: None) -> Grant | None:
        """Tell the holder to stop, wait until it did or can't be at work any more; return it.

        A living holder stops with its next beat (10 s) and releases when its run has ended; for
        one that is gone or hangs it takes 60 s at the longest. None if nobody held the lock.
        """
        first = held = self.holder()
        if first is not None:
            self._mark(first.number, "taken")
        while first is not None and held is not None and held.number == first.number:
            waiting(held)
            self._sleep(self._timing.poll)
            held = self.holder()
        return first

    def _step(self, asking: _Asking) -> Lease | Grant | None:
        """Take the lock if it can be had; else return who holds it, or None to look again."""
        seen = seen_in(self._objects, self._folder)
        held = self._held(seen, asking)
        if held is not None:
            return held
        if seen.last and not seen.marked(seen.last, "released"):
            self._mark(seen.last, "taken")
        # a lock whose folder was removed by hand goes on above the revisions that were made
        base = seen.last or last_revision(self._objects, self._project)
        return self._take(seen, base + 1, asking)

    def _held(self, seen: Seen, asking: _Asking) -> Grant | None:
        """Return the highest grant unless it is over."""
        number = seen.last
        if not number or seen.marked(number, "released"):
            return None
        grant, process = read_grant(self._objects, self._folder, number)
        if dead(process):
            return None
        grant, told = self._aged(grant, asking)
        return None if max(grant.silent, told) > self._timing.stale else grant

    def _aged(self, grant: Grant, asking: _Asking) -> tuple[Grant, float]:
        """Return a grant with its ages, and how long ago its holder was told to stop.

        The time comes first: an age against a later one could be the pause of this very process
        between two calls, and the holder may have beaten all along.
        """
        self._objects.overwrite(asking.probe, b"")
        time_there = self._objects.modified(asking.probe)
        asking.probed = True
        if time_there is None:  # somebody clears the folder by hand: nothing can be said
            return grant, 0.0
        ages: dict[str, float] = {}
        for mark in ("json", "beat", "taken"):
            modified = self._objects.modified(path(self._folder, grant.number, mark))
            if modified is not None:
                ages[mark] = max(0.0, time_there - modified)
        told = ages.pop("taken", 0.0)
        silent = min(ages.values(), default=0.0)
        return replace(grant, age=ages.get("json", silent), silent=silent), told

    def _take(self, seen: Seen, number: int, asking: _Asking) -> Lease | None:
        """Create the next grant; None if another one was quicker."""
        began = self._clock()  # the lease counts from before the grant exists
        record = canonical(grant_record(self._holder, asking.key))
        name = path(self._folder, number, "json")
        try:
            if not self._patience.create(self._objects, name, record):
                return None
            again = self._patience.ask(partial(seen_in, self._objects, self._folder))
        except BaseException:
            self._give_back(number, record)
            raise
        if {other for other in again.grants if other > seen.last} != {number}:
            # this process stood still for so long that its number was used by others, and pruned
            self._give_back(number, record)
            return None
        timing, clock = self._timing, self._clock
        lease = Lease(self._objects, self._folder, number, began, clock=clock, timing=timing)
        lease.start(again.old)
        return lease

    def _give_back(self, number: int, record: bytes) -> None:
        """Release a grant that was not used, if it is this run's own; tried once."""
        with suppress(TargetError):
            if self._objects.read(path(self._folder, number, "json")) == record:
                self._objects.create(path(self._folder, number, "released"), now().encode())

    def _mark(self, number: int, mark: str) -> None:
        name = path(self._folder, number, mark)
        self._patience.ask(lambda: self._objects.create(name, now().encode()))

    def _asking(self) -> _Asking:
        key = uuid.uuid4().hex
        return _Asking(key, path(self._folder, 0, f"wait-{key}"))

    def _forget(self, asking: _Asking) -> None:
        if asking.probed:
            with suppress(TargetError):
                self._objects.delete([asking.probe])


def held(grant: Grant) -> str:
    """Return in words whose lock it is, and since when."""
    host = f" on `{grant.host}`" if grant.host else ""
    run = f" in {grant.run_url}" if grant.run_url else ""
    command = f" by `{grant.command}`" if grant.command else ""
    return f"`{grant.who}`{host}{command}{run}, as revision {grant.number}, for {_span(grant.age)}"


def locked(project: str, grant: Grant) -> Problem:
    """Say who holds the lock of a project."""
    return Problem(
        summary=f"`{project}` is locked for {held(grant)}; last heard of {_span(grant.silent)} ago",
        hint="wait until it is done, let this run wait with `--lock-timeout 10m`, or stop a run"
        " that hangs with `mlops unlock`",
    )


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

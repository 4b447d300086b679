"""The right to change things for a while, and the thread that makes the while longer.

Never takes a lock: `lock.py` does, and tells the protocol.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType

from mlops.clock import now
from mlops.errors import LockedError, Problem, TargetError
from mlops.store.grants import Seen, Timing, path, seen_in
from mlops.store.objects import Objects
from mlops.store.patience import Patience

RELEASING = 4.0
"""Seconds to try to say that the lock is free; if that fails, the next run finds out."""


def boottime() -> float:
    """Return seconds of a clock that goes on while the machine sleeps."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.clock_gettime(time.CLOCK_MONOTONIC)  # on macOS this one counts sleep


class Lease:
    """The lock, held. What ended stays ended, whatever the store says later."""

    def __init__(
        self,
        objects: Objects,
        folder: str,
        number: int,
        began: float,
        *,
        clock: Callable[[], float] = boottime,
        timing: Timing,
    ) -> None:
        self.number = number
        self._objects = objects
        self._folder = folder
        self._clock = clock
        self._timing = timing
        self._until = began + timing.stop
        self._ended: Problem | None = None
        self._guard = threading.Lock()
        self._quit = threading.Event()
        self._thread: threading.Thread | None = None
        self._released = False

    def start(self, old: Sequence[str] = ()) -> None:
        """Begin to beat, in a thread that ends with the program; remove `old` objects there."""
        self._thread = threading.Thread(target=self._beats, args=(old,), name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise LockedError if the lease ended. To be called right before each change; cheap."""
        problem = self._over()
        if problem is not None:
            raise LockedError(problem)

    def beat(self) -> None:
        """Tell the store that the holder lives; that makes the lease last longer.

        The new end counts from before the first call, and the look comes before the write: so one
        who marks the grant as taken knows that `stop` seconds later nothing is changed under it.
        Raises TargetError.
        """
        began = self._clock()
        seen = seen_in(self._objects, self._folder)
        if problem := _lost(self.number, seen):
            self._end(problem)
            return
        self._objects.overwrite(path(self._folder, self.number, "beat"), now().encode())
        if self._over() is None:  # an end that was reached meanwhile is not moved
            with self._guard:
                self._until = max(self._until, began + self._timing.stop)

    def revoke(self) -> None:
        """Refuse every further call of this process; others still see the lock held."""
        self._end(Problem(summary="this run was stopped", hint="run `mlops apply` again"))

    def release(self) -> bool:
        """Let others have the lock; nothing may be changed under it from here on.

        Return False if the store could not be told; then others wait until it is stale.
        """
        self.revoke()
        self._quit.set()
        if not self._released:
            # Ctrl-C does not reach a thread that waits for a store, and shall not wait for one
            saying = threading.Thread(target=self._say_released, name="release", daemon=True)
            saying.start()
            saying.join(timeout=RELEASING)
        if self._thread is not None:
            # a thread that is inside the client's native code when Python ends can crash it
            self._thread.join(timeout=1.0)
        return self._released

    def _say_released(self) -> None:
        mark = path(self._folder, self.number, "released")
        with suppress(TargetError):
            patience = Patience(seconds=RELEASING)
            patience.ask(lambda: self._objects.create(mark, now().encode()))
            self._released = True

    def __enter__(self) -> "Lease":  # noqa: PYI034  `Self` came with 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _beats(self, old: Sequence[str]) -> None:
        with suppress(TargetError):
            self._objects.delete(path for path in old if not self._quit.is_set())
        pause = self._timing.beat
        while not self._quit.wait(pause) and self._over() is None:
            try:
                self.beat()
                pause = self._timing.beat
            except TargetError:
                pause = self._timing.poll

    def _over(self) -> Problem | None:
        """Return why the lease ended; None while it lasts."""
        if self._ended is None and self._clock() >= self._until:
            self._end(
                Problem(
                    summary=f"the lock could not be kept: the store `{self._objects.location}` did"
                    f" not answer, or this run stood still, for {self._timing.stop:g} s",
                    hint="run `mlops apply` again",
                )
            )
        return self._ended

    def _end(self, problem: Problem) -> None:
        with self._guard:
            self._ended = self._ended or problem


def _lost(number: int, seen: Seen) -> Problem | None:
    """Return why a grant is not its run's any more, from what the store shows."""
    if seen.last > number:
        why = f"revision {seen.last} took it over"
    elif seen.marked(number, "taken"):
        why = "`mlops unlock` told this run to stop"
    elif number not in seen.grants:
        why = "somebody removed it from the store"
    else:
        return None
    return Problem(summary=f"the lock was lost: {why}", hint="run `mlops plan` again")

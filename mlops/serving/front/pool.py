"""The queue and the crews off it: who is let in, and how a crew relieves another."""

import asyncio
import time
from collections.abc import Callable, Iterable

from .crew import Crew, Ears, error, settle
from .failure import Failure
from .limits import Limits
from .queued import STOPPING, Queue
from .request import Request
from .spawn import Launch, Spawned

TICK = 0.25
FULL = "The service is overloaded: its queue is full. Try again later."


class Pool:
    """The workers of one service, and what waits for them."""

    def __init__(
        self,
        limits: Limits,
        launch: Launch,
        changed: Callable[[], None],
        failed: Callable[[Failure], None],
        early: Iterable[Spawned] = (),
    ) -> None:
        self._changed = changed
        self._failed = failed
        self.queue = Queue()
        self._watching: asyncio.Task[None] | None = None
        self._retiring: dict[Crew, asyncio.Task[None]] = {}
        self._restarts = 0
        self.lost = 0
        self.limits = limits
        self.crew = self.hire(launch, limits.workers, early)

    def hire(self, launch: Launch, size: int, early: Iterable[Spawned] = ()) -> Crew:
        """Make a crew; it gets no requests until it relieves the one there is."""
        ears = Ears(
            freed=lambda done: self.queue.free(done, self.crew),
            changed=lambda crew: self._changed() if crew is self.crew else None,
            orphaned=self.queue.adopt,
            failed=lambda crew, why: self._failed(why) if crew is self.crew else None,
        )
        return Crew(launch, size, ears, early)

    def start(self) -> "asyncio.Task[Failure | None]":
        """Start the first crew, and the clock that watches all of them."""
        self._watching = asyncio.create_task(self._watch())
        return asyncio.create_task(self.crew.start())

    def relieve(self, crew: Crew) -> None:
        """Give every request that no worker has yet to another crew; the old one finishes."""
        old, self.crew = self.crew, crew
        self._restarts += old.restarts
        self._retiring[old] = asyncio.create_task(self._retire(old))
        self.queue.pump(crew)

    async def _retire(self, crew: Crew) -> None:
        await crew.retire()
        self.lost += crew.lost
        del self._retiring[crew]
        self._changed()

    @property
    def retiring(self) -> bool:
        """Say whether a crew is still finishing."""
        return bool(self._retiring)

    @property
    def restarts(self) -> int:
        """Return how many workers were replaced because they died."""
        return self._restarts + self.crew.restarts

    @property
    def queued(self) -> int:
        """Return how many requests no worker has yet."""
        return len(self.queue)

    @property
    def waiting(self) -> int:
        """Return how many requests wait or are being scored."""
        return self.queue.inside

    def score(self, request: Request) -> None:
        """Take one request. Whatever happens to the worker, there will be an answer."""
        limits = self.limits
        if self.queue.closed:
            request.settle(error(503, STOPPING))
        elif self.queue.inside >= limits.queue + limits.workers:
            request.settle(error(503, FULL))
        else:
            if limits.max_wait is not None:
                request.deadline = time.monotonic() + limits.max_wait
            self.queue.join(request)
            self.queue.pump(self.crew)

    async def stop(self) -> None:
        """End every worker; who still waits is told."""
        crews = [self.crew, *self._retiring]
        for task in (self._watching, *self._retiring.values()):
            if task is not None:
                task.cancel()
        sent = [
            request for crew in crews for worker in crew.live for request in worker.sent.values()
        ]
        self.queue.close()
        settle(sent, 503, STOPPING)
        await asyncio.gather(*(crew.stop() for crew in crews))

    async def _watch(self) -> None:
        """Kill what hangs; send away who has waited for too long."""
        while True:
            wait = self.limits.max_wait
            await asyncio.sleep(TICK if wait is None else max(0.01, min(TICK, wait / 5)))
            now = time.monotonic()
            for crew in (self.crew, *self._retiring):
                crew.kill_late(now)
            if wait is not None:
                self.queue.send_away(self.crew, now)

"""The workers that run one state of the code: started, replaced when they die, ended."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ..worker import wire
from .failure import Failure
from .process import Worker
from .request import Request
from .spawn import Launch, Spawned

log = logging.getLogger("mlops_serving")

KILL_GRACE = 2.0
"""Seconds from the alarm in `run()` to the kill."""
TRIES = 3
"""Failed `init()`s of a replacement, in a row, that end the crew."""
BACK_OFF = 0.5
"""Seconds before the second try; doubled before each further one."""
POLL = 0.02


class Ears(NamedTuple):
    """Who wants to know of a crew: answers came; workers came or went; no worker can be had."""

    freed: Callable[[int], None]
    changed: Callable[["Crew"], None]
    orphaned: Callable[[list[Request]], None]
    failed: Callable[["Crew", Failure], None]


class Crew:
    """As many workers as wanted, all started alike."""

    def __init__(
        self, launch: Launch, size: int, ears: Ears, early: Iterable[Spawned] = ()
    ) -> None:
        self.launch = launch
        self.size = size
        self._early = list(early)  # workers that begin already
        self._ears = ears
        self._all: set[Worker] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._leaving = False
        self.live: list[Worker] = []
        self.asks: Mapping[str, Any] = {}
        self.born: wire.Frame | None = None
        self.init_seconds = 0.0
        self.restarts = 0
        self.lost = 0  # requests whose data its dead workers could not collect
        self.outcome: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()

    @property
    def pids(self) -> list[int]:
        """Return the ids of the workers that can score."""
        return [worker.pid for worker in self.live]

    @property
    def timeout(self) -> float:
        """Return the seconds that a `run()` may take."""
        return float(self.launch.plan["timeout"])

    async def start(self) -> Failure | None:
        """Start every worker; return once all can score, or why one of them cannot."""
        self._tasks = [asyncio.create_task(self._keep()) for _ in range(self.size)]
        return await self.outcome

    async def stop(self) -> None:
        """End every worker at once."""
        self._leaving = True
        self.outcome.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(worker.stop() for worker in list(self._all)))

    async def retire(self) -> None:
        """Let every worker finish what it was sent, then end it. A dead one is not replaced."""
        self._leaving = True
        while any(worker.sent for worker in self.live):  # noqa: ASYNC110 - once a swap
            await asyncio.sleep(POLL)
        await self.stop()

    async def _keep(self) -> None:
        """Keep one worker alive, from the first start to the end of the crew."""
        failures, first = 0, True
        while not self._leaving:
            worker = Worker(self._ears.freed)
            born = await self._bear(worker)
            if isinstance(born, Failure):
                failures += 1
                if first or failures >= TRIES:
                    self._give_up(born)
                    return
                await asyncio.sleep(BACK_OFF * 2 ** (failures - 1))
                continue
            failures, first = 0, False
            await self._live(worker, born)
            if not worker.pace.answered:  # it died of itself: no need to hurry
                await asyncio.sleep(BACK_OFF)

    def _give_up(self, failure: Failure) -> None:
        if not self.outcome.done():
            self.outcome.set_result(failure)
        elif not self._leaving:
            self._ears.failed(self, failure)

    async def _bear(self, worker: Worker) -> wire.Frame | Failure:
        self._all.add(worker)
        try:
            await worker.start(self.launch, self._early.pop() if self._early else None)
        except OSError as problem:
            self._all.discard(worker)
            python = self.launch.python
            return Failure(summary=f"`{python}` cannot be started: {problem.strerror}", log=[])
        frame = await asyncio.shield(worker.born)
        self.init_seconds = time.monotonic() - worker.began
        if frame is not None and frame[1] == wire.READY:
            return frame
        if frame is not None:
            worker.kill()
        code = await asyncio.shield(worker.gone)
        self._all.discard(worker)
        if frame is None:
            return Failure(summary=f"the worker ended during init(), {ending(code)}", log=[])
        return Failure(**json.loads(frame[3]))

    async def _live(self, worker: Worker, born: wire.Frame) -> None:
        self.asks = worker.asks = json.loads(born[3])
        self.born = born
        self.live.append(worker)
        if len(self.live) == self.size and not self.outcome.done():
            self.outcome.set_result(None)
        self._ears.changed(self)
        self._ears.freed(0)
        code = await asyncio.shield(worker.gone)
        self.live.remove(worker)
        self._all.discard(worker)
        self.restarts += 1
        self.lost += worker.pace.dropped
        then = "it was leaving anyway" if self._leaving else "another one is started"
        log.error("worker %d ended, %s; %s", worker.pid, ending(code), then)
        self._bequeath(worker)
        self._ears.changed(self)
        self._ears.freed(0)

    def _bequeath(self, worker: Worker) -> None:
        """Answer what a dead worker had begun; give the rest back, in order."""
        requests = list(worker.sent.values())
        begun = worker.begun()
        if worker.late:
            text = f"Scoring timeout after {self.timeout * 1000:.0f} ms"
            settle(requests[:begun], 504, text, failed=True)
        else:
            text = "The worker ended while it scored this request."
            settle(requests[:begun], 502, text, failed=True)
        worker.sent.clear()
        self._ears.orphaned(requests[begun:])
        self._ears.freed(begun)

    def kill_late(self, now: float) -> None:
        """Kill what does not even react to its alarm."""
        for worker in self.live:
            if not worker.sent or worker.late:
                continue
            if worker.pace.overdue(now, self.timeout + KILL_GRACE):
                worker.late = True
                log.error("worker %d does not react to its timeout: killed", worker.pid)
                worker.kill()


def settle(requests: list[Request], status: int, text: str, *, failed: bool = False) -> None:
    """Answer requests that no worker will answer."""
    for request in requests:
        request.settle(error(status, text, failed=failed))


def error(status: int, text: str, *, failed: bool = False) -> wire.Frame:
    """Make the frame that a worker would have sent for an error."""
    meta = {"status": status, "headers": [], "failed": failed}
    return 0, wire.REPLY, 0.0, json.dumps(meta).encode(), json.dumps({"message": text}).encode()


def ending(code: int) -> str:
    """Say how a process ended."""
    return f"killed by signal {-code}" if code < 0 else f"with exit code {code}"

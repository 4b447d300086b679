"""One service from start to exit code: the workers, the door, the record."""

import asyncio
import gc
import importlib.util
import logging
import signal
import socket
from collections.abc import Callable, Iterable

from .app import App
from .begin import Begun
from .beside import Beside
from .door import Door
from .drain import Drain
from .failure import Failure
from .gauges import Gauges
from .handover import Yielding
from .limits import UnfitError
from .pool import Pool
from .ready import EARLY, Readiness
from .signals import DRAINING, deliver
from .spawn import Spawned
from .swap import Swaps
from .taking import Taking
from .tls import Certificate

log = logging.getLogger("mlops_serving")

FAILED = 3
LAST_ANSWERS = 2.0
"""Seconds in which answers that are being sent may still get through."""
REFRESH = 0.5
"""Seconds between two looks at the files of keys and certificates."""


class Service:
    """What the front does between its start and its end."""

    def __init__(self, begun: Begun, early: Iterable[Spawned]) -> None:
        self.settings = begun.settings
        self.folder = begun.folder
        self.record = begun.record
        self.rules = begun.rules
        self.certificate: Certificate | None = begun.certificate
        self._launch = begun.launch
        self._early = early
        self._error: Failure | None = None
        self._taken: asyncio.Future[None] | None = None
        self.lock: int | None = None
        self.taking: Taking | None = None

    def run(self, listener: socket.socket, last_lines: Callable[[], list[str]]) -> int:
        """Serve until told to stop, or until no worker can be had; return the exit code."""
        loop = new_loop()
        gc.freeze()  # what is there stays
        gc.enable()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._serve(listener))
        except UnfitError as problem:
            self._error = Failure(summary=str(problem), log=[])
        loop.close()
        if self._error is None:
            return 0
        lines = self._error.log or last_lines()
        self.record.fail(self._error.summary, lines)
        if self.taking is not None:
            self.taking.fail(Failure(summary=self._error.summary, log=lines))
        return FAILED

    async def _serve(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        limits = self.settings.limits
        self.pool = Pool(limits, self._launch, self.changed, self.fail, self._early)
        self.app = App(self.rules, self.pool, lambda: self.gauges.text(self))
        self.door = Door(listener, limits, self.app)
        self.gauges = Gauges()
        self.ready = Readiness(self)
        self.beside = Beside(self)
        await self.beside.follow()
        self.swaps = Swaps(self)
        self.yielding = Yielding(self) if self.taking is None else None
        if self.taking is None:
            await self.open()
        self.drain = Drain(self)
        hear(loop, self.drain.start, self.swaps.ask)
        self.swaps.ask_if_changed()  # what was said before anybody listened
        started = self.pool.start()
        started.add_done_callback(self._started)
        refreshing = loop.create_task(refresh(self))
        await self._over
        refreshing.cancel()
        await finish(self)
        if self._error is None:
            self.record.write(worker_pids=[])
            log.info("%s stopped", self.settings.service)

    def _started(self, started: "asyncio.Task[Failure | None]") -> None:
        if started.cancelled():
            return
        failure = started.result()
        if failure is not None:
            self.fail(failure)

    def changed(self) -> None:
        """Keep the record true when workers come and go."""
        crew = self.pool.crew
        if crew.born is not None:
            self.app.learn(crew.born)
        early = self.app.state in EARLY and len(crew.live) == crew.size
        if early and self.ready.proven(crew):
            if self.lock is None and self.taking is not None:
                self._taken = self._taken or asyncio.ensure_future(self._take(self.taking))
                return
            self.app.state = "ready"
            self.record.write(error=None)
            log.info("%s is ready", self.settings.service)
            if self.yielding is not None:
                self.yielding.start()
        self.tell()

    async def open(self) -> None:
        """Let clients in."""
        await self.door.open(self.certificate.context if self.certificate else None)

    async def _take(self, taking: Taking) -> None:
        """Relieve another server, now that everything is ready."""
        self.lock = await taking.take(self.folder)
        if self.lock is None:
            self.fail(Failure(summary="the other server does not let go", log=[]))
            return
        self.yielding = Yielding(self)
        self.record.write(retiring=True)  # the old one is, until it has ended
        self.record.unmute()
        self.changed()
        await self.open()
        taking.serve(self.door)
        self.swaps.sweep.start()

    @property
    def alone(self) -> bool:
        """Say whether no other server is finishing on this folder."""
        return self.taking is None or self.taking.over

    def leave(self) -> None:
        """End: another server has taken over."""
        self.app.state = "draining"
        self.end()

    def tell(self, **more: object) -> None:
        """Write the record."""
        pids, restarts = self.pool.crew.pids, self.pool.restarts
        self.record.write(state=self.app.state, worker_pids=pids, restarts=restarts, **more)

    def fail(self, failure: Failure) -> None:
        """Give up: no worker can be had. A swap that is under way may still save the service."""
        if self.swaps.hold(failure):
            return
        if not failure.log:  # else the worker has written its traceback, the end of the log
            log.error("%s", failure.summary)
        self._error = failure
        self.app.state = "failed"
        self.app.refusing = True
        self.end()

    def end(self) -> None:
        """Let `run()` clean up and return."""
        if not self._over.done():
            self._over.set_result(None)


async def finish(service: Service) -> None:
    """End every part of a service, what feeds others first."""
    service.ready.stop()
    if service.yielding is not None:
        service.yielding.close()
    await service.swaps.stop()
    await service.pool.stop()
    await service.door.close(LAST_ANSWERS)
    await service.beside.stop()


def hear(
    loop: asyncio.AbstractEventLoop, drain: Callable[[], None], swap: Callable[[], None]
) -> None:
    """Listen to the signals: two that drain, one that swaps."""
    for sign in DRAINING:
        loop.add_signal_handler(sign, drain)
    loop.add_signal_handler(signal.SIGHUP, swap)
    deliver()


async def refresh(service: Service) -> None:
    """Notice keys that were rotated and certificates that were renewed."""
    while True:
        await asyncio.sleep(REFRESH)
        if service.rules.keys is not None:
            service.rules.keys.refresh()
        if service.certificate is not None:
            service.certificate.refresh()


def new_loop() -> asyncio.AbstractEventLoop:
    """Make the fastest event loop there is."""
    if importlib.util.find_spec("uvloop"):
        import uvloop  # noqa: PLC0415 - not on every platform

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()

"""One service from start to exit code: the workers, the HTTP server, the record, the drain."""

import asyncio
import importlib.util
import json
import logging
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import Literal

import uvicorn

from ..worker import wire
from .app import App
from .instance import Record
from .pool import Ears, Failure, Pool
from .process import Launch
from .settings import Settings

log = logging.getLogger("mlops_serving")

FAILED = 3
KEEP_ALIVE = 75
"""Seconds that an idle connection is kept; longer than load balancers keep theirs (60)."""


class Http(uvicorn.Server):
    """uvicorn, with signals that start a drain instead of an end."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = told

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Tell the service."""
        self._told()


class Service:
    """What the front does between its start and its end."""

    def __init__(self, settings: Settings, folder: Path, record: Record, models: Path) -> None:
        self._settings = settings
        self._record = record
        self._launch = launch(settings, folder, models)
        self._error: Failure | None = None

    def run(self, listener: socket.socket, last_lines: Callable[[], list[str]]) -> int:
        """Serve until told to stop, or until no worker can be had; return the exit code."""
        loop = new_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._serve(listener))
        loop.close()
        if self._error is None:
            return 0
        self._record.fail(self._error.summary, self._error.log or last_lines())
        return FAILED

    async def _serve(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        ears = Ears(changed=self._changed, ready=self._ready, failed=self._failed)
        self._pool = Pool(self._settings.limits, self._launch, ears)
        self._app = App(self._settings.limits, self._pool)
        config = uvicorn.Config(
            self._app,
            http=protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=2,
        )
        http = Http(config, self._told)
        served = asyncio.create_task(http.serve(sockets=[listener]))
        self._pool.start()
        await asyncio.wait([self._over, served], return_when=asyncio.FIRST_COMPLETED)
        await self._pool.stop()
        http.should_exit = True
        await served
        if self._error is None:
            self._record.write(worker_pids=[])
            log.info("%s stopped", self._settings.service)

    def _changed(self) -> None:
        """Keep the record true when workers come and go."""
        if self._app.state == "starting" and len(self._pool.live) == self._settings.limits.workers:
            self._app.state = "ready"
            log.info("%s is ready", self._settings.service)
        pids, restarts = self._pool.pids, self._pool.restarts
        self._record.write(state=self._app.state, worker_pids=pids, restarts=restarts)

    def _ready(self, born: wire.Frame) -> None:
        """Learn what the script of a new worker asks for."""
        self._app.asks = json.loads(born[3])
        self._app.swagger.texts = json.loads(born[4])

    def _failed(self, failure: Failure) -> None:
        """Give up: no worker can be had."""
        if failure.log:  # the worker has written its traceback; it stays the end of the log
            pass
        else:
            log.error("%s", failure.summary)
        self._error = failure
        self._app.state = "failed"
        self._end()

    def _told(self) -> None:
        """Hear of a signal. It comes between any two instructions: leave the work to the loop."""
        self._over.get_loop().call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        """Take no new requests, finish the others, end. Told twice, do it once."""
        if self._app.state in ("draining", "failed"):
            return
        self._app.state = "draining"
        self._record.write(state="draining")
        log.info("%s drains: %d in flight", self._settings.service, self._pool.waiting)
        self._drained = asyncio.get_running_loop().create_task(self._finish())

    async def _finish(self) -> None:
        end = time.monotonic() + self._settings.drain_grace
        while self._pool.waiting and time.monotonic() < end:  # noqa: ASYNC110 - once in a lifetime
            await asyncio.sleep(0.02)
        self._end()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


def launch(settings: Settings, folder: Path, models: Path) -> Launch:
    """Say how workers are started: interpreter, folder, environment, what to load."""
    entry = settings.code / settings.entry_script
    source = settings.source_name
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "utf-8",  # Python 3.6 without a locale cannot print é
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # nothing is ever written beside the user's code
        "PYTHONNOUSERSITE": "1",
        "AML_APP_ROOT": str(folder),
        "AZUREML_MODEL_DIR": str(models),
        "AZUREML_SOURCE_DIRECTORY": source,
        "AZUREML_ENTRY_SCRIPT": str(PurePosixPath(source) / settings.entry_script),
        "SERVICE_NAME": settings.service,
        **settings.environment_variables,
    }
    plan = {
        "entry": str(entry),
        "code": str(settings.code),
        "paths": list(dict.fromkeys([str(entry.parent), str(settings.code)])),
        "timeout": settings.limits.timeout,
    }
    return Launch(python=settings.python, cwd=settings.code, environment=environment, plan=plan)


def protocol() -> type[asyncio.Protocol] | Literal["h11"]:
    """Choose the fastest HTTP protocol there is."""
    if importlib.util.find_spec("httptools"):
        from .corked import CorkedHttp  # noqa: PLC0415 - not on every platform

        return CorkedHttp
    return "h11"


def new_loop() -> asyncio.AbstractEventLoop:
    """Make the fastest event loop there is."""
    if importlib.util.find_spec("uvloop"):
        import uvloop  # noqa: PLC0415 - not on every platform

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()

"""A drain: takes no new requests, finishes the others, ends the service."""

import asyncio
import logging
import time
from typing import Any

log = logging.getLogger("mlops_serving")

POLL = 0.02


class Drain:
    """The end of a service that was told to stop."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take no new requests, finish the others, end. Told twice, do it once."""
        service = self._service
        if service.app.state in ("draining", "failed"):
            return
        service.app.state = "draining"
        service.door.closing = True
        service.record.write(state="draining")
        log.info("%s drains: %d in flight", service.settings.service, service.pool.waiting)
        self._task = asyncio.get_running_loop().create_task(self._finish())

    async def _finish(self) -> None:
        service = self._service
        await asyncio.sleep(service.settings.drain_delay)
        service.app.refusing = True
        end = time.monotonic() + service.settings.drain_grace
        while service.pool.waiting and time.monotonic() < end:  # noqa: ASYNC110 - once in a lifetime
            await asyncio.sleep(POLL)
        service.end()

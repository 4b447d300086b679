"""Decides when a new service has earned to be called ready: its workers live, its checks pass."""

import asyncio
import logging
from typing import Any

from .crew import Crew
from .failure import Failure
from .trial import Trial

log = logging.getLogger("mlops_serving")

AGAIN = 10.0
"""Seconds until checks that failed are tried again: what they need may come late."""
EARLY = ("starting", "unfit")
"""The states of a service that was never ready."""


class Readiness:
    """The checks of a service that starts. A swap tries its own crew by itself."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._passed: Crew | None = None
        self._task: asyncio.Task[None] | None = None

    def proven(self, crew: Crew) -> bool:
        """Say whether a crew may serve; if that is not known yet, find out."""
        if not self._service.settings.checks or self._passed is crew:
            return True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._prove(crew))
        return False

    async def _prove(self, crew: Crew) -> None:
        service = self._service
        while service.app.state in EARLY and service.pool.crew is crew:
            failure = await Trial(service.rules, service.pool.queue, crew).run()
            if service.app.state not in EARLY or service.pool.crew is not crew:
                return
            if failure is None:
                self._passed = crew
                log.info("its %d checks passed", len(service.settings.checks))
                service.changed()
                return
            for line in failure.log or [failure.summary]:
                log.error("a check failed: %s", line)
            if service.taking is not None:
                service.fail(failure)
                return
            self._refuse(failure)
            await asyncio.sleep(AGAIN)

    def _refuse(self, failure: Failure) -> None:
        service = self._service
        service.app.state = "unfit"
        service.app.reasons = tuple(failure.log or [failure.summary])
        service.tell(error={"summary": failure.summary, "log": failure.log})

    def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()

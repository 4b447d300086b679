"""The processes beside a service, as its settings and variables ask for them."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..worker.options import STORED
from .settings import Settings
from .side import Side
from .traces import Traces, connection, missing, wanted

log = logging.getLogger("mlops_serving")

INSTALL = "pip install 'mlops-apply[telemetry]'"
SPOOL = "modeldata"
ON = {"true", "1", "yes", "on"}


class Beside:
    """Starts what is asked for, changes it when the settings do, ends it."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._sides: dict[str, Side] = {}

    async def follow(self) -> None:
        """Have what the settings ask for, and nothing else."""
        settings: Settings = self._service.settings
        variables = {**os.environ, **settings.environment_variables}
        root = Path(self._service.pool.crew.launch.environment["AML_APP_ROOT"])
        plans = {"traces": self._traces(settings, variables)}
        plans["upload"] = uploads(settings, variables, root)
        for word, plan in plans.items():
            await self._have(word, plan, variables)
        traces = self._sides.get("traces")
        secure = settings.tls is not None
        self._service.app.traces = Traces(traces, secure=secure) if traces else None

    async def _have(
        self, word: str, plan: Mapping[str, Any] | None, variables: Mapping[str, str]
    ) -> None:
        old = self._sides.get(word)
        key = None if plan is None else (word, plan, variables)
        if (old.key if old else None) == key:
            return
        if old is not None:
            self._service.app.traces = None if word == "traces" else self._service.app.traces
            await self._sides.pop(word).stop()
        if plan is not None:
            self._sides[word] = Side(word, plan, variables)

    def _traces(self, settings: Settings, variables: Mapping[str, str]) -> Mapping[str, Any] | None:
        places = wanted(variables)
        lacking = missing(places)
        if lacking:
            text = "traces to %s are configured, but this installation cannot export them: run %s"
            log.warning(text, " and ".join(lacking), INSTALL)
        able = [place for place in places if place not in lacking]
        if not able:
            return None
        log.info("traces are exported (%s)", ", ".join(able))
        return {
            "to": able,
            "connection": connection(variables),
            "service": settings.service,
            "instance": f"{os.uname().nodename}:{os.getpid()}",
            "models": [f"{model.name}:{model.version}" for model in settings.models],
            "logs": settings.logs.format,
        }

    @property
    def dropped(self) -> int:
        """Return how many spans found no room."""
        side = self._sides.get("traces")
        return side.dropped if side else 0

    async def stop(self) -> None:
        """End everything."""
        for side in self._sides.values():
            await side.stop()


def uploads(
    settings: Settings, variables: Mapping[str, str], root: Path
) -> Mapping[str, Any] | None:
    """Say what is uploaded, if data is collected and a store is named for it."""
    given = settings.worker.get("collect")
    on = variables.get("AML_MODEL_DC_STORAGE_ENABLED", "").strip().lower() in ON
    if not (on if given is None else given):
        return None
    chosen = given if isinstance(given, dict) else {}
    store = str(chosen.get("store") or variables.get("AML_MODEL_DC_STORAGE", ""))
    if not store:
        return None
    spool = root / (chosen.get("folder") or SPOOL)
    size = int(chosen.get("max_bytes", STORED))
    return {"store": store, "spool": str(spool), "size": size, "logs": settings.logs.format}

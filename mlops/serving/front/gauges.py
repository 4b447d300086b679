"""What is so right now, for the metrics: read from the parts of a service when it is asked."""

import time
from typing import Any

from .. import VERSION
from .metrics import info


class Gauges:
    """Knows when the service started, and where the numbers are."""

    def __init__(self) -> None:
        self._started = time.time()

    def text(self, service: Any) -> bytes:
        """Write every metric of a service."""
        pool, door, settings = service.pool, service.door, service.settings
        crew = pool.crew
        ready = service.app.state == "ready" and crew.live
        now = {
            "mlops_ready": ("Whether the service takes requests.", float(bool(ready))),
            "mlops_queue_length": ("Requests that no worker has yet.", pool.queued),
            "mlops_requests_in_flight": ("Requests that wait or run.", pool.waiting),
            "mlops_held_bytes": ("Bytes of bodies that are held.", door.held),
            "mlops_connections": ("Open connections.", len(door.inside)),
            "mlops_workers": ("Workers that can score.", len(crew.live)),
            "mlops_workers_busy": ("Workers that score.", sum(bool(one.sent) for one in crew.live)),
            "mlops_init_seconds": ("Seconds of the last start of a worker.", crew.init_seconds),
            "mlops_worker_restarts_total": ("Workers replaced after a death.", pool.restarts),
            "mlops_swaps_total": ("Changes of code or model without an end.", service.swaps.count),
            "mlops_collect_dropped_total": ("Requests whose data found no room.", lost(pool)),
            "mlops_spans_dropped_total": ("Spans that found no room.", service.beside.dropped),
            "mlops_start_time_seconds": ("When the server started, since 1970.", self._started),
        }
        about = [{"service": settings.service, "version": VERSION}]
        models = [{"model": model.name, "version": model.version} for model in settings.models]
        names = [
            *info("mlops_server_info", "The server and the service it runs.", about),
            *info("mlops_model_info", "The models that the service was given.", models),
        ]
        return bytes(service.app.metrics.text(now, names))


def lost(pool: Any) -> int:
    """Return how many requests' data was not collected, by workers dead and alive."""
    alive = sum(worker.pace.dropped for worker in pool.crew.live)
    return int(pool.lost + pool.crew.lost + alive)

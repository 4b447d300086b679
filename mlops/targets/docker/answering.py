"""Whether the container of a brought image is ready: it is asked at the port that it publishes."""

import ipaddress
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from mlops.clients.http import ask
from mlops.services import endpoint
from mlops.spec import Json, Request
from mlops.targets.docker.moments import seconds
from mlops.targets.docker.shape import shape

PATIENCE = 2.0
"""Seconds that it may take to answer whether it is ready."""

SURE = 3.0
"""Seconds after which what still runs is ready, where nobody can ask it from here."""


def unready(inspected: Mapping[str, Any], told: Mapping[str, Json], machine: str) -> str:
    """Return why a running container is not ready yet; empty if it is. `told` are its fields.

    Its image's own health check counts too, where it has one. A port that can't be reached from
    here, on the loopback of another `machine`, is not asked.
    """
    state = inspected["State"]
    own = str((state.get("Health") or {}).get("Status") or "")
    if own not in ("", "none", "healthy"):
        return f"its own health check says `{own}`"
    where = _published(inspected, told, machine)
    if not where:
        age = time.time() - seconds(state["StartedAt"])
        return "" if not 0 <= age < SURE else "it has only just started"
    path = str(told["image.ready"])
    try:
        status = ask(Request(path=path, method="GET"), where, timeout=PATIENCE).status
    except (OSError, HTTPException, ValueError):
        return f"nothing answers `{path}` at its port {shape(told).port}"
    return "" if status < 400 else f"`{path}` answers status {status}"


def _published(inspected: Mapping[str, Any], told: Mapping[str, Json], machine: str) -> str:
    """Return where the port of a container answers, if it can be reached from here."""
    ports = (inspected.get("NetworkSettings") or {}).get("Ports") or {}
    for one in ports.get(shape(told).listens) or ():
        host = str(one.get("HostIp") or "0.0.0.0")  # noqa: S104  the engine's default
        address = ipaddress.ip_address(host)
        if machine and address.is_loopback:
            continue
        near = machine if machine and address.is_unspecified else host
        return endpoint(near, int(one["HostPort"]))
    return ""

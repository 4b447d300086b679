"""How a container stands: told by the engine, and by what its server wrote beside its settings."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError
from mlops.errors import TargetError
from mlops.targets.docker import marks
from mlops.targets.docker.machine import machine_of
from mlops.targets.docker.moments import seconds
from mlops.targets.docker.shape import INSTANCE, shape
from mlops.units import size
from mlops.values import Health

LAST = 20
"""Lines of a log that a failure shows."""

RECORD = f"{INSTANCE}/server.json"
"""Where a server says how it stands."""

STATE = f"{INSTANCE}/.state"
"""A link that leads to the state of its server, as `ready@1795410001.5`: with its start."""

BAD = ("failed", "unfit")
"""What a server says of itself that its own checks or `init()` refused."""

SLACK = 1.0
"""Seconds by which the engine's clock may differ from the container's: it is the same one."""


class Records:
    """What servers say of themselves, read out of a container only where that tells more.

    To read a file, an engine starts a program; to look where a link leads, it does not.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}

    def of(self, ref: str) -> Mapping[str, Any]:
        """Return what the server in a container says; empty as long as it says nothing."""
        brief = in_brief(self._engine.files.stat(ref, STATE) or {})
        if brief and brief["state"] not in BAD:
            return brief
        seen = self._engine.files.stat(ref, RECORD)
        if seen is None:
            return {}
        known = self._known.get(ref)
        if known is None or known[0] != seen:
            known = self._known[ref] = (seen, self._read(ref))
        return known[1]

    def _read(self, ref: str) -> Mapping[str, Any]:
        try:
            value = json.loads(self._engine.files.read(ref, RECORD))
        except (MissingError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}


def in_brief(link: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state of a server and its start, by the link; empty where it says neither."""
    name = str(link.get("linkTarget", "")).rpartition("/")[2]
    state, _, started = name.partition("@")
    with suppress(ValueError):
        return {"state": state, "started": float(started)}
    return {}


def health(engine: Engine, ref: str, records: Records | None = None) -> Health:
    """Return how a container stands now. Asks the engine for its log only where it failed.

    Who asks again and again passes the same `records`.
    """
    try:
        inspected = engine.containers.inspected(ref)
    except MissingError:
        return Health(ready=0, failed=1, total=1, summary="the container is not there")
    found = _judged(engine, inspected, records or Records(engine))
    if not found.failed:
        return found
    return replace(found, log=last_lines(engine, str(inspected["Id"])))


def last_lines(engine: Engine, ref: str) -> tuple[str, ...]:
    """Return the last lines that a container printed; none if the engine does not tell."""
    with suppress(TargetError):
        return tuple(engine.containers.lines(ref, follow=False, count=LAST, since=0))
    return ()


def _judged(engine: Engine, inspected: Mapping[str, Any], records: Records) -> Health:
    told = marks.written(inspected["Config"].get("Labels") or {}, marks.FIELDS)
    if not shape(told).brought:
        return judged(inspected, records.of(str(inspected["Id"])))
    if not _answers(inspected["State"]):
        return judged(inspected, {})
    from mlops.targets.docker.answering import unready  # noqa: PLC0415  few images are brought

    summary = unready(inspected, told, machine_of(engine.wire.address))
    return Health(ready=int(not summary), failed=0, total=1, summary=summary or "ready")


def judged(inspected: Mapping[str, Any], record: Mapping[str, Any]) -> Health:
    """Return how a container stands, told from what is known of it. Pure."""
    state = inspected["State"]
    current = record if _current(record, state) else {}
    if _answers(state) and current.get("state") == "ready":
        return Health(ready=1, failed=0, total=1, summary="ready")
    again = state.get("Restarting") or int(inspected.get("RestartCount") or 0) > 0
    failed = current.get("state") in BAD or again or not state.get("Running")
    if failed or state.get("Paused"):
        return Health(ready=0, failed=1, total=1, summary=_because(inspected, current))
    return Health(ready=0, failed=0, total=1, summary="the server is starting")


def _because(inspected: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    state = inspected["State"]
    error = record.get("error")
    if isinstance(error, dict) and error.get("summary"):
        return str(error["summary"])
    if state.get("OOMKilled"):
        most = size(int(inspected["HostConfig"].get("Memory") or 0))
        return f"the container needed more than its {most} of memory"
    if state.get("Paused"):
        return "the container is paused"
    if state.get("Error"):
        return f"the container did not start: {state['Error']}"
    if state.get("Status") == "created":
        return "the container was never started"
    return f"the server ended with exit code {state.get('ExitCode')}"


def _answers(state: Mapping[str, Any]) -> bool:
    return bool(state.get("Running") and not state.get("Paused") and not state.get("Restarting"))


def _current(record: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Tell whether a server wrote this since its container was last started."""
    started = record.get("started")
    return isinstance(started, (int, float)) and started >= seconds(state["StartedAt"]) - SLACK

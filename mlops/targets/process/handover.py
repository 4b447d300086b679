"""Lets a new server process relieve the living one of an instance folder, losing no request.

Both share the listening socket for a while: the new one asks the old one for it, and takes over
once its workers are ready. An apply that is cut short in between leaves a successor that goes on
by itself; the next apply waits for it, or ends it where other settings are wanted by now.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from mlops.targets.process import world
from mlops.targets.process.swap import (
    PATIENCE,
    POLL,
    Switch,
    await_retired,
    failure,
    serves_there,
    undo,
)
from mlops.targets.process.world import Instance

ASK = {"MLOPS_TAKE_OVER": "1"}
"""What tells a server that it shall relieve another one."""

PATIENCE_TOLD = 2.0
"""Seconds until the living server has written what its successor told it."""

HEARD = "front.sock"
"""Where the living server hears its successor, in the instance folder."""


def can_hand_over(instance: Instance, settings: Mapping[str, Any]) -> bool:
    """Tell whether a new server can relieve the one of an instance folder, at the same address."""
    return serves_there(instance, settings) and (instance.folder / HEARD).exists()


def settle_successor(
    instance: Instance, settings: Mapping[str, Any], allowed: Callable[[], None]
) -> None:
    """End a successor that an apply which was cut short left, unless it begins what is wanted."""
    pid = _successor(instance)
    told = instance.record.get("swap")
    wanted = hashlib.sha256(world.json_bytes(settings)).hexdigest()
    if pid is None or (isinstance(told, dict) and told.get("settings") == wanted):
        return
    allowed()
    try:
        psutil.Process(pid).terminate()
    except psutil.NoSuchProcess:
        return
    world.finish(pid, world.GRACE, allowed)


def hand_over(switch: Switch, mark: Mapping[str, Any]) -> None:
    """Start a server that relieves the living one with the written settings; wait until it has.

    Raises IncompleteError if it can't; then the old one serves what it served.
    """
    folder = switch.instance.folder
    pid = _successor(switch.instance) or world.start(folder, mark, ASK).pid
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        switch.lease.check()
        record = world.read_json(folder / "server.json")
        if record.get("pid") == pid and record.get("state") == "ready":
            await_retired(switch)
            return
        if not world.alive(pid):
            break
        time.sleep(POLL)
    undo(switch, _reason(switch))


def _reason(switch: Switch) -> Mapping[str, Any]:
    """Return why a server that has ended did not take over, as it told the living one."""
    deadline = time.monotonic() + PATIENCE_TOLD
    while time.monotonic() < deadline and not failure(switch):
        time.sleep(POLL)
    return failure(switch) or {"summary": "the new server did not take over"}


def _successor(instance: Instance) -> int | None:
    """Return the process that is about to relieve the server of an instance folder."""
    told = world.read_json(instance.folder / "server.json").get("swap")
    pid = told.get("front") if isinstance(told, dict) else None
    starting = isinstance(told, dict) and told.get("state") == "starting"
    return pid if starting and world.serves(pid, instance.folder) else None

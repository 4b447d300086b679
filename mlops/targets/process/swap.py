"""Lets a living server change what it serves without losing a request.

The server tries the new settings aside and switches to them after `init()`; it goes on with the
old ones if that fails. Only a change of its address or of the server itself needs a new process.
"""

import hashlib
import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops.errors import IncompleteError, Problem
from mlops.protocols import Lease
from mlops.targets.process import world
from mlops.targets.process.world import Instance

PATIENCE = 600.0
"""Seconds that `init()` of the new workers may take."""

POLL = 0.02
"""Seconds between two looks at what the server says."""

FIXED = ("host", "port", "server")
"""The settings that a process keeps for its life."""


def can_swap(instance: Instance, settings: Mapping[str, Any]) -> bool:
    """Tell whether the server of an instance folder can take over these settings as it runs."""
    record = instance.record
    alive = instance.pid is not None and record.get("pid") == instance.pid
    held = (instance.folder / "lock").exists()  # removed by hand, it comes back with a new process
    if not alive or not held or record.get("state") != "ready":
        return False
    same_address = (record.get("host"), record.get("port")) == (settings["host"], settings["port"])
    return same_address and instance.settings.get("server") == settings["server"]


def swap(instance: Instance, settings: Mapping[str, Any], lease: Lease) -> None:
    """Write the settings, let the server change to them, and wait until it has.

    Raises IncompleteError if it can't; then it serves what it served, and the folder says so.
    Raises LockedError once the lease is lost: another run may have written other settings.
    """
    path = instance.folder / "settings.json"
    before = path.read_bytes()
    data = world.json_bytes(settings)
    digest = hashlib.sha256(data).hexdigest()
    world.write_bytes(path, data, lease.check)  # this run may have stood still since it was asked
    if _signalled(instance) and _changed(instance, digest, lease):
        return
    error = _failure(instance, digest)
    world.write_bytes(path, before, lease.check)
    _signalled(instance)
    log = tuple(str(line) for line in error.get("log", ()))
    summary = str(error.get("summary") or "the server did not take over the new settings")
    raise IncompleteError(Problem(summary=summary), log=log)


def _signalled(instance: Instance) -> bool:
    """Ask the server to read its settings again. Return False if it has gone."""
    try:
        os.kill(instance.pid or 0, signal.SIGHUP)
    except ProcessLookupError:
        return False
    return True


def _changed(instance: Instance, digest: str, lease: Lease) -> bool:
    """Wait until the server runs the settings with this digest; False if it will not."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        lease.check()
        record = world.read_json(instance.folder / "server.json")
        if record.get("settings") == digest and not record.get("swap"):
            return _retired(instance.folder)
        if _failure(instance, digest) or world.server(instance.folder) != instance.pid:
            return False
        time.sleep(POLL)
    return False


def _retired(folder: Path) -> bool:
    """Wait a while until the old workers are done with what they run. Always true: it is done."""
    deadline = time.monotonic() + world.GRACE
    while time.monotonic() < deadline and world.read_json(folder / "server.json").get("retiring"):
        time.sleep(POLL)
    return True


def _failure(instance: Instance, digest: str) -> Mapping[str, Any]:
    """Return why the server refused the settings with this digest; empty while it did not."""
    told = world.read_json(instance.folder / "server.json").get("swap")
    if not isinstance(told, dict) or told.get("settings") != digest:
        return {}
    if told.get("state") != "failed":
        return {}
    error = told.get("error")
    return error if isinstance(error, dict) else {"summary": json.dumps(error)}

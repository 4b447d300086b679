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
from typing import Any, NoReturn

from msgspec import Struct

import mlops
from mlops.errors import IncompleteError, Problem
from mlops.protocols import Lease
from mlops.targets.process import world
from mlops.targets.process.world import Instance
from mlops.writing import write_whole

PATIENCE = 600.0
"""Seconds that `init()` of the new workers may take."""

POLL = 0.02
"""Seconds between two looks at what the server says."""


class Switch(Struct, frozen=True, kw_only=True):
    """New settings of an instance folder, whose living server ran others before."""

    instance: Instance
    before: bytes
    digest: str
    lease: Lease


def serves_there(instance: Instance, settings: Mapping[str, Any]) -> bool:
    """Tell whether a server of an instance folder is ready, at the address of these settings."""
    record = instance.record
    alive = instance.pid is not None and record.get("pid") == instance.pid
    held = (instance.folder / "lock").exists()  # removed by hand, it comes back with a new process
    if not alive or not held or record.get("state") != "ready":
        return False
    return (record.get("host"), record.get("port")) == (settings["host"], settings["port"])


def can_swap(instance: Instance, settings: Mapping[str, Any]) -> bool:
    """Tell whether the server of an instance folder can take over these settings as it runs.

    Not if it is of another version than ours: then a new server takes over from it.
    """
    return serves_there(instance, settings) and instance.record.get("version") == mlops.__version__


def written(instance: Instance, settings: Mapping[str, Any], lease: Lease) -> Switch:
    """Write new settings for a living server. It takes them over only when it is told to.

    Raises LockedError once the lease is lost: another run may have written other settings.
    """
    path = instance.folder / "settings.json"
    before = path.read_bytes()
    data = world.json_bytes(settings)
    digest = hashlib.sha256(data).hexdigest()
    write_whole(path, data, lease.check)  # this run may have stood still since it was asked
    return Switch(instance=instance, before=before, digest=digest, lease=lease)


def swap(switch: Switch) -> None:
    """Let the server change to the settings, and wait until it has.

    Raises IncompleteError if it can't; then it serves what it served, and the folder says so.
    """
    if not _signalled(switch.instance) or not _changed(switch):
        undo(switch, failure(switch))


def undo(switch: Switch, error: Mapping[str, Any]) -> NoReturn:
    """Put the settings back that the server goes on with, and raise what went wrong."""
    instance = switch.instance
    write_whole(instance.folder / "settings.json", switch.before, switch.lease.check)
    _signalled(instance)
    log = tuple(str(line) for line in error.get("log", ()))
    summary = str(error.get("summary") or "the server did not take over the new settings")
    raise IncompleteError(Problem(summary=summary), log=log)


def failure(switch: Switch) -> Mapping[str, Any]:
    """Return why the server refused the settings; empty while it did not."""
    told = world.read_json(switch.instance.folder / "server.json").get("swap")
    if not isinstance(told, dict) or told.get("settings") != switch.digest:
        return {}
    if told.get("state") != "failed":
        return {}
    error = told.get("error")
    return error if isinstance(error, dict) else {"summary": json.dumps(error)}


def await_retired(switch: Switch) -> None:
    """Wait a while until what served before is done with what it runs."""
    record = switch.instance.folder / "server.json"
    deadline = time.monotonic() + world.GRACE
    while time.monotonic() < deadline and world.read_json(record).get("retiring"):
        time.sleep(POLL)


def _signalled(instance: Instance) -> bool:
    """Ask the server to read its settings again. Return False if it has gone."""
    try:
        os.kill(instance.pid or 0, signal.SIGHUP)
    except ProcessLookupError:
        return False
    return True


def _changed(switch: Switch) -> bool:
    """Wait until the server runs the settings; False if it will not."""
    folder = switch.instance.folder
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        switch.lease.check()
        record = world.read_json(folder / "server.json")
        if record.get("settings") == switch.digest and not record.get("swap"):
            await_retired(switch)
            return True
        if failure(switch) or world.server(folder) != switch.instance.pid:
            return False
        time.sleep(POLL)
    return False

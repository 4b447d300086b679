"""Makes what a process target wants: an environment, an instance folder, its server.

Safe to be cut short anywhere: the mark is written first, what the server reads last.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.artefacts import Content, FileEntry
from mlops.code import code_of
from mlops.environments.build import build
from mlops.errors import IncompleteError, MlopsError, Problem
from mlops.hashing import HashCache
from mlops.plain import thaw
from mlops.protocols import Means
from mlops.references import place_of
from mlops.services import written_checks
from mlops.spec import Environment
from mlops.targets.process import world
from mlops.targets.process.handover import can_hand_over, hand_over, settle_successor
from mlops.targets.process.keyring import lay_keys, mark_of, wanted_keys
from mlops.targets.process.leftovers import sweep
from mlops.targets.process.private import laid_secrets
from mlops.targets.process.swap import can_swap, swap, written
from mlops.values import Desired, Owner, Progress

METADATA = ("tags", "description", "protect")
"""The field groups that live in mark.json, since changing them touches no server."""

LOG_SIZE = {"max_bytes": 10_000_000, "keep": 2}
"""Bytes of a log, and how many older ones there are beside it: 30 MB in all."""

START = 20.0
"""Seconds that a server may take until it says that it starts."""


def environment(folder: Path, wanted: Desired, means: Means) -> Iterator[Progress]:
    """Build a virtual environment from its locked list, which is resolved once for everybody."""
    written = Environment(
        python=str(wanted.inputs["python"]),
        requirements=tuple(thaw(wanted.inputs["requirements"])),
        digest=str(wanted.fields["digest"]),
    )
    yield Progress(text="resolving packages")
    lock = means.lock(written)
    yield from build(lock, written, folder, means.lease.check)


def service(
    folder: Path, wanted: Desired, means: Means, owner: Owner, *, renew: bool
) -> Iterator[Progress]:
    """Lay an instance folder anew, and let its server change to it, or start one.

    To `renew` is to start workers even where the settings are those that run: what they name,
    an environment or code, was made again.
    """
    mark(folder, wanted, owner, means)
    yield Progress(text="copying code")
    with _laying(folder):
        settings = _settings(folder, wanted, means, owner)
        settings |= {"auth": {"type": "key"}} if "auth.type" in wanted.fields else {}
        settings |= laid_secrets(folder, _group(wanted, "environment_variables"), means)
        means.lease.check()
        change = _begun(folder, settings, means, renew=renew)
    yield Progress(text=change.text)
    means.lease.check()
    change.carry_out()
    sweep(folder, means.lease.check)


class _Way(Struct, frozen=True, kw_only=True):
    """How a server comes to what was written for it."""

    text: str
    carry_out: Callable[[], None]


def _begun(folder: Path, settings: dict[str, Any], means: Means, *, renew: bool) -> _Way:
    """Write the settings of a server, and say how it gets to them. What must end has ended then."""
    check = means.lease.check
    settle_successor(world.instance(folder, world.server(folder)), settings, check)
    instance = world.instance(folder, world.server(folder))
    runs = can_hand_over(instance, settings) and world.runs(instance, settings)
    if can_swap(instance, settings) or (runs and not renew):
        settings = _renewed(settings, instance.settings, renew=renew)
        switch = written(instance, settings, means.lease)
        return _Way(text="trying it beside what serves", carry_out=lambda: swap(switch))
    if can_hand_over(instance, settings):
        switch = written(instance, settings, means.lease)
        named = settings["mark"]
        return _Way(text="starting a server beside", carry_out=lambda: hand_over(switch, named))
    world.end(folder, check)
    world.write_json(folder / "settings.json", settings, check)
    return _Way(text="starting the server", carry_out=lambda: _started(folder, settings["mark"]))


@contextmanager
def _laying(folder: Path) -> Iterator[None]:
    """Keep the server from removing code that its settings do not name yet.

    Shared: an apply that stands still keeps no other one waiting. The lease says who may write.
    """
    (folder / "code").mkdir(exist_ok=True)
    descriptor = os.open(folder / "code", os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _renewed(
    settings: dict[str, Any], running: Mapping[str, Any], *, renew: bool
) -> dict[str, Any]:
    """Return the settings; where they are those that run, told apart from them if need be.

    The count is among what the workers obey, so that new ones are started.
    """
    serving = dict(running["serving"]) if isinstance(running.get("serving"), dict) else {}
    count = serving.pop("renewed", 0)
    if {**running, "serving": serving} != settings:
        return settings
    return {**settings, "serving": {**serving, "renewed": count + 1}} if renew else dict(running)


def mark(folder: Path, wanted: Desired, owner: Owner, means: Means) -> None:
    """Write whose a folder is, its metadata, and its keys after the mark that tells of them."""
    means.lease.check()
    folder.mkdir(parents=True, exist_ok=True)
    fields = {
        path: value for path, value in wanted.fields.items() if path.partition(".")[0] in METADATA
    }
    named = _mark(wanted, owner)
    labels = dict(wanted.labels)
    keys = wanted_keys(folder, wanted, means)
    told = {"mark": named, "fields": fields, "labels": labels}
    record = told | ({"keys": mark_of(keys, wanted)} if keys else {})
    world.write_json(folder / "mark.json", record, means.lease.check)
    lay_keys(folder, keys, means)


def _mark(wanted: Desired, owner: Owner) -> dict[str, Any]:
    return {
        "project": owner.project,
        "source": owner.source,
        "file": wanted.inputs["file"],
        "kind": wanted.address.kind,
        "name": wanted.address.name,
    }


def _laid_code(folder: Path, wanted: Desired, means: Means) -> str:
    """Lay the code into a folder of its own, named by its digest; return where, relative.

    The code in use stays, since a worker may still import from it.
    """
    digest = str(wanted.fields["code"])
    given = thaw(wanted.inputs["code"])
    files = tuple(FileEntry(**entry) for entry in given["files"])
    place = Path("code", digest.removeprefix("sha256:")[:12])
    if _laid(folder / place, digest):
        return place.as_posix()
    blobs = means.code_files(Content(digest=digest, files=files), Path(given["source"]))
    means.lease.check()
    fresh = folder / "code" / ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for path, blob in blobs.items():
        means.lease.check()
        copy = fresh / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blob, copy)
    means.lease.check()
    shutil.rmtree(folder / place, ignore_errors=True)
    fresh.rename(folder / place)
    return place.as_posix()


def _laid(folder: Path, digest: str) -> bool:
    """Tell whether a folder holds this code, whole and untouched."""
    try:
        return folder.is_dir() and code_of(folder, HashCache.open()).digest == digest
    except MlopsError:
        return False


def _settings(folder: Path, wanted: Desired, means: Means, owner: Owner) -> dict[str, Any]:
    """Return what the server reads when it starts, its code being laid."""
    fields = wanted.fields
    digest = str(fields["environment"])
    environments = folder.parents[1] / "environments"
    python = environments / digest.removeprefix("sha256:")[:12] / "bin" / "python"
    return {
        "mark": _mark(wanted, owner),
        "code": _laid_code(folder, wanted, means),
        "service": wanted.address.name,
        "server": fields["server"],
        "host": fields["host"],
        "port": fields["port"],
        "environment": digest,
        "python": str(python),
        "source_name": Path(thaw(wanted.inputs["code"])["source"]).name,
        "entry_script": fields["entry_script"],
        "models": [_model(model, means) for model in thaw(wanted.inputs["models"])],
        "environment_variables": {
            name: value
            for name, value in _group(wanted, "environment_variables").items()
            if not place_of(value)
        },
        "serving": {"max_wait": None, **_group(wanted, "serving"), **_collected(wanted)},
        **_faced(wanted),
        "checks": written_checks(wanted.checks),
        "log_file": {"path": "server.log", **LOG_SIZE},
        "drain_grace": world.GRACE,
    }


def _faced(wanted: Desired) -> dict[str, Any]:
    """Return the settings of how a service faces its clients."""
    fields = wanted.fields
    groups: dict[str, Any] = {"tls": _group(wanted, "tls"), "logs": _group(wanted, "logs")}
    groups |= {name: fields[name] for name in ("metrics", "swagger") if name in fields}
    if "cors.origins" in fields:
        groups["cors"] = thaw(fields["cors.origins"])
    return {name: value for name, value in groups.items() if value}


def _collected(wanted: Desired) -> dict[str, Any]:
    collected = _group(wanted, "collect_model_data")
    return {"collect": collected} if collected else {}


def _group(wanted: Desired, name: str) -> dict[str, Any]:
    """Return the fields `name.<key>` by their keys."""
    prefix = f"{name}."
    return {
        path.removeprefix(prefix): value
        for path, value in wanted.fields.items()
        if path.startswith(prefix)
    }


def _model(model: dict[str, Any], means: Means) -> dict[str, Any]:
    """Return where the files of a model are, under the number that it got."""
    version = means.registered(model["name"], model["digest"])
    blobs = means.model_files(version.content)
    return {
        "name": model["name"],
        "version": version.version,
        "digest": model["digest"],
        "files": [
            {"path": entry.path, "size": entry.size, "blob": str(blobs[entry.path])}
            for entry in version.content.files
        ],
    }


def _started(folder: Path, named: dict[str, Any]) -> None:
    """Start the server and wait until it speaks for itself. Raises IncompleteError."""
    server = world.start(folder, named)
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        if world.read_json(folder / "server.json").get("pid") == server.pid:
            return
        if server.poll() is not None:
            break
        time.sleep(0.01)
    raise IncompleteError(
        Problem(
            summary="the server ended as soon as it started",
            hint=f"its last lines are in {os.path.relpath(folder / 'server.log')}",
        )
    )

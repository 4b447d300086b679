"""The folders of a process target, and the processes that live in them.

<folder>/services/<name>/        an instance folder
    mark.json                    whose it is, and what needs no restart
    settings.json                what the server reads when it starts
    server.json                  what the server says of itself
    server.log, code/, azureml-models/, lock
<folder>/environments/<digest>/  a virtual environment, shared by its digest
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from mlops.errors import MlopsError

SERVER = Path(__file__).parents[2] / "serving"
"""Our own installation's server; it runs isolated and imports nothing of the user's."""

GRACE = 10.0
"""Seconds that a server may take to finish the requests in flight when it is asked to end."""

MARK = "MLOPS_MARK"
"""The variable in which a server's process carries its mark."""

KEPT_VARIABLES = (
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
)
KEPT_PREFIXES = ("CUDA_", "LC_", "MKL_", "NVIDIA_", "OMP_", "OPENBLAS_")
"""What of the caller's environment a service inherits: what names the machine, never secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance folder as it is now. What cannot be read is empty."""

    folder: Path
    mark: Mapping[str, Any]
    settings: Mapping[str, Any]
    record: Mapping[str, Any]
    settings_digest: str
    pid: int | None


def read_json(path: Path) -> Mapping[str, Any]:
    """Return the JSON object of a file; empty when it is missing, broken or no object."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: object) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never half of it."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: object) -> bytes:
    """Return a value as the text of our JSON files."""
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def write_bytes(path: Path, data: bytes, allowed: Callable[[], None] = lambda: None) -> None:
    """Write a file so that a reader sees the old or the new one, never half of it.

    `allowed` raises if it may no longer be written; it is asked at the last moment.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    try:
        allowed()
    except MlopsError:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)


def carried_mark(pid: int | None) -> Mapping[str, Any]:
    """Return the mark that a living server carries; empty if there is none to be read."""
    try:
        mark = json.loads(psutil.Process(pid).environ()[MARK]) if pid else {}
    except (psutil.Error, KeyError, ValueError):
        return {}
    return {"mark": mark} if isinstance(mark, dict) and mark else {}


def instances(services: Path) -> dict[str, Instance]:
    """Return every instance folder below `services` by its name, servers without one included."""
    pids = servers(services)
    folders = [path for path in services.iterdir() if path.is_dir()] if services.is_dir() else []
    names = sorted({*pids, *(path.name for path in folders)})
    return {name: instance(services / name, pids.get(name)) for name in names}


def instance(folder: Path, pid: int | None) -> Instance:
    """Return an instance folder as it is now, whose server is the process `pid`."""
    try:
        digest = hashlib.sha256((folder / "settings.json").read_bytes()).hexdigest()
    except OSError:
        digest = ""
    return Instance(
        folder=folder,
        mark=read_json(folder / "mark.json") or carried_mark(pid),
        settings=read_json(folder / "settings.json"),
        record=read_json(folder / "server.json"),
        settings_digest=digest,
        pid=pid,
    )


def servers(services: Path) -> dict[str, int]:
    """Return the process id of each living server whose instance folder is below `services`.

    Told by the process table alone, so that a folder removed by hand hides no process.
    """
    return {
        Path(folder).name: pid
        for folder, pid in _running().items()
        if Path(folder).parent == services
    }


def server(folder: Path) -> int | None:
    """Return the process id of the living server of an instance folder.

    Looks at the process that its record names; at the whole table only where that one is another.
    """
    told = read_json(folder / "server.json").get("pid")
    return told if _serves(told, folder) else _running().get(str(folder))


def _running() -> dict[str, int]:
    """Return the process id of every living server of this machine by its instance folder.

    A child that a server has just forked looks like it for a moment: the oldest is meant.
    """
    found: dict[str, tuple[float, int]] = {}
    for process in psutil.process_iter(["pid", "cmdline", "create_time"]):
        words = process.info["cmdline"] or []
        if _serving(words):
            this = (process.info["create_time"], process.info["pid"])
            found[words[3]] = min(this, found.get(words[3], this))
    return {folder: pid for folder, (_, pid) in found.items()}


def _serves(pid: Any, folder: Path) -> bool:
    """Tell whether a process lives and is the server of a folder. `pid` may be anything."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        words = psutil.Process(pid).cmdline()
    except (psutil.Error, OverflowError):
        return False
    return _serving(words) and words[3] == str(folder)


def _serving(words: list[str]) -> bool:
    """Tell whether a command line is that of a server, of whichever installation of ours."""
    return len(words) == 4 and words[1] == "-I" and words[2].endswith("/mlops/serving")


def start(folder: Path, mark: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start the server of an instance folder in a session of its own, not waiting for it.

    The process carries its mark, so that it is known even when its folder was removed.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)
    }
    environment[MARK] = json.dumps(mark)
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-I", str(SERVER), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )


def end(folder: Path) -> None:
    """End the server of an instance folder, if one lives: ask it, then kill it. Waits for it."""
    pid = server(folder)
    if pid is None:
        return
    try:
        process = psutil.Process(pid)
        process.terminate()
        if not _ended(process, GRACE + 2):
            process.kill()
            _ended(process, GRACE)
    except psutil.NoSuchProcess:
        return


def _ended(process: Any, seconds: float) -> bool:
    """Wait until a process has ended. A zombie has: who shall reap it may never do so."""
    deadline = time.monotonic() + seconds
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def remove(folder: Path) -> None:
    """Remove a folder, its mark last, and the target's folders above it that it leaves empty."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "mark.json":
            path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    kind, target, targets = list(folder.parents)[:3]
    for parent in (kind, target, *([targets] if targets.name == "targets" else [])):
        try:
            parent.rmdir()
        except OSError:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A process that listens on a port of an address, and what to call it."""

    host: str
    port: int
    pid: int | None
    words: str


def listeners(ports: Iterable[int]) -> list[Listener]:
    """Return who listens on these ports."""
    wanted = set(ports)
    return [
        Listener(
            host=connection.laddr.ip,
            port=connection.laddr.port,
            pid=connection.pid,
            words=_named(connection.pid),
        )
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port in wanted
    ]


def _named(pid: int | None) -> str:
    if pid is None:
        return "another process"
    try:
        return f"`{psutil.Process(pid).name()}` (process {pid})"
    except psutil.Error:
        return f"process {pid}"

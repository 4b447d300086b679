"""The folders of a process target, and the processes that live in them.

<folder>/services/<name>/        an instance folder
    mark.json                    whose it is, and what needs no restart
    settings.json                what the server reads when it starts
    server.json                  what the server says of itself
    server.log, code/, azureml-models/, azureml-app/, lock
<folder>/environments/<digest>/  a virtual environment, shared by its digest
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from msgspec import Struct

from mlops.plain import NOTHING
from mlops.writing import write_whole

SERVER = Path(__file__).parents[2] / "serving"
"""Our own installation's server; it runs isolated and imports nothing of the user's."""

GRACE = 10.0
"""Seconds that a server may take to finish the requests in flight when it is asked to end."""

UMASK = 0o022
"""What a server writes is read by others and written by its user alone, whoever starts it."""

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


class Instance(Struct, frozen=True, kw_only=True):
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
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: object, allowed: Callable[[], None] = lambda: None) -> None:
    """Write a JSON file whole, if `allowed` does not raise."""
    write_whole(path, json_bytes(value), allowed)


def json_bytes(value: object) -> bytes:
    """Return a value as the text of our JSON files."""
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def carried_mark(pid: int | None) -> Mapping[str, Any]:
    """Return the mark that a living server carries; empty if there is none to be read."""
    try:
        mark = json.loads(psutil.Process(pid).environ()[MARK]) if pid else {}
    except (psutil.Error, KeyError, ValueError):
        return {}
    return {"mark": mark} if isinstance(mark, dict) and mark else {}


def runs(instance: Instance, settings: object) -> bool:
    """Tell whether the server of an instance folder runs these settings."""
    digest = hashlib.sha256(json_bytes(settings)).hexdigest()
    return bool(instance.record.get("settings") == digest)


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
        Path(folder).name: _meant(Path(folder), pids)
        for folder, pids in _running().items()
        if Path(folder).parent == services
    }


def server(folder: Path) -> int | None:
    """Return the process id of the living server of an instance folder.

    Looks at the process that its record names; at the whole table only where that one is another.
    """
    told = read_json(folder / "server.json").get("pid")
    if isinstance(told, int) and serves(told, folder):
        return told
    pids = _running().get(str(folder))
    return _meant(folder, pids) if pids else None


def _meant(folder: Path, pids: list[int]) -> int:
    """Return which of several processes is the server of a folder: the one that its record names.

    The others are one that takes over or has been relieved, or a child that a server has just
    forked, which looks like it for a moment. Without a word of the record, the oldest is meant.
    """
    told = read_json(folder / "server.json").get("pid")
    return told if told in pids else pids[0]


def served_folder(pid: int) -> Path | None:
    """Return the instance folder that a process is a server of, if it is one."""
    try:
        words = psutil.Process(pid).cmdline()
    except (psutil.Error, OverflowError):
        return None
    return Path(words[3]) if _serving(words) else None


def _running() -> dict[str, list[int]]:
    """Return the process ids of all servers of this machine, the oldest first, by their folder."""
    found: dict[str, list[tuple[float, int]]] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended, or is somebody else's
            words = process.cmdline()
            if _serving(words):
                found.setdefault(words[3], []).append((process.create_time(), process.pid))
    return {folder: [pid for _, pid in sorted(those)] for folder, those in found.items()}


def serves(pid: Any, folder: Path) -> bool:
    """Tell whether a process lives and is the server of a folder. `pid` may be anything."""
    return isinstance(pid, int) and pid > 0 and served_folder(pid) == folder


def _serving(words: list[str]) -> bool:
    """Tell whether a command line is that of a server, of whichever installation of ours."""
    return len(words) == 4 and words[1] == "-I" and words[2].endswith("/mlops/serving")


def start(
    folder: Path, mark: Mapping[str, Any], more: Mapping[str, str] = NOTHING
) -> subprocess.Popen[bytes]:
    """Start the server of an instance folder in a session of its own, not waiting for it.

    The process carries its mark, so that it is known even when its folder was removed, and `more`
    variables.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)
    }
    environment |= {MARK: json.dumps(mark), **more}
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-I", str(SERVER), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
            umask=UMASK,
        )


def end(folder: Path, allowed: Callable[[], None] = lambda: None) -> None:
    """End every server of an instance folder: ask them, then kill them. Waits for them.

    `allowed` raises if that may no longer be done; it is asked before each step.
    """
    pids = _running().get(str(folder), [])
    for pid in pids:
        allowed()
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).terminate()
    for pid in pids:
        finish(pid, GRACE + 2, allowed)


def finish(pid: int, seconds: float, allowed: Callable[[], None] = lambda: None) -> None:
    """Wait so long for a process that was asked to end, then kill it if that is `allowed`."""
    if not _ended(pid, seconds):
        allowed()
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()
        _ended(pid, GRACE)


def alive(pid: int) -> bool:
    """Tell whether a process lives. A zombie does not: who shall reap it may never do so."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _ended(pid: int, seconds: float) -> bool:
    """Wait until a process has ended."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def remove(folder: Path, allowed: Callable[[], None] = lambda: None) -> None:
    """Remove a folder, its mark last, and the target's folders above it that it leaves empty.

    `allowed` raises if that may no longer be done; it is asked before each step.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        allowed()
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "mark.json":
            path.unlink(missing_ok=True)
    allowed()
    shutil.rmtree(folder, ignore_errors=True)
    kind, target, targets = list(folder.parents)[:3]
    for parent in (kind, target, *([targets] if targets.name == "targets" else [])):
        try:
            parent.rmdir()
        except OSError:
            return

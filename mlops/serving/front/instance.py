"""The instance folder: its lock, its record, its links to the models' bytes."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import VERSION
from .limits import UnfitError
from .settings import Model

MODELS = "azureml-models"
APP = "azureml-app"
LOG_LINES = 40


def lock(folder: Path) -> int | None:
    """Take the folder for this process, or return nothing if another one holds it.

    A POSIX record lock, so that others may ask who holds it. The descriptor must stay open, and no
    other descriptor of the file may ever be closed here: that would drop the lock.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def unlock(descriptor: int) -> None:
    """Let go of the folder."""
    os.close(descriptor)


class Record:
    """`server.json`: what the server says of itself. Written whole, at each change.

    Its state stands beside it too, in where the link `.state` leads: `ready@1795410001.5`, with
    the start. Who looks from outside a container learns that without a program in it.
    """

    def __init__(self, folder: Path, *, muted: bool = False) -> None:
        self._muted = muted  # it is another server's to write
        now = time.time()
        self._path = folder / "server.json"
        self._linked = ""
        self._values: dict[str, Any] = {
            "pid": os.getpid(),
            "version": VERSION,
            "started": now,
            "created": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now)),
            "host": None,
            "port": None,
            "state": "starting",
            "settings": None,
            "error": None,
            "worker_pids": [],
            "restarts": 0,
            "swap": None,
            "swaps": 0,
            "retiring": False,
        }

    @property
    def state(self) -> str:
        """Return the state as last written."""
        return str(self._values["state"])

    @property
    def settings(self) -> str | None:
        """Return the digest of the settings that run."""
        found = self._values["settings"]
        return None if found is None else str(found)

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        return int(self._values["port"])

    def write(self, **changes: Any) -> None:
        """Change values and put the whole record in its place at once."""
        self._values.update(changes)
        if self._muted:
            return
        fresh = self._path.with_name("server.json.tmp")
        with contextlib.suppress(FileNotFoundError):  # the folder was removed by hand: go on
            fresh.write_text(json.dumps(self._values, indent=2) + "\n", encoding="utf-8")
            fresh.replace(self._path)
            self._link()

    def _link(self) -> None:
        told = f"{self.state}@{self._values['started']}"
        if told == self._linked:
            return
        self._linked = told
        fresh = self._path.with_name(".state.tmp")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(told)
        fresh.replace(self._path.with_name(".state"))

    def mute(self) -> None:
        """Write no more: the folder is another server's."""
        self._muted = True

    def unmute(self) -> None:
        """Write from now on, and what was not written until now."""
        self._muted = False
        self.write()

    def fail(self, summary: str, log: list[str]) -> None:
        """Say that the service failed, and why."""
        error = {"summary": summary, "log": log[-LOG_LINES:]}
        self.write(state="failed", error=error, worker_pids=[])


def link(folder: Path, models: tuple[Model, ...]) -> Path:
    """Link the files of models, beside what is linked; return what AZUREML_MODEL_DIR shall be."""
    root = folder / MODELS
    if root.is_symlink():
        root.unlink()
    root.mkdir(exist_ok=True)
    for model in models:
        for path, blob in model.files.items():
            if not blob.exists():
                raise UnfitError(f"`{path}` of model `{model.name}:{model.version}` is not there")
            place(root / model.name / model.version / path, blob)
    if len(models) == 1:
        return root / models[0].name / models[0].version
    return root


def app_root(folder: Path, source: str, code: Path) -> Path:
    """Lay out v1's application folder: the code under its source's name, beside the models."""
    root = folder / APP
    root.mkdir(exist_ok=True)
    wanted = {MODELS: folder / MODELS, **({source: code} if source else {})}
    for name, there in wanted.items():
        place(root / name, there)
    for path in root.iterdir():
        if path.is_symlink() and path.name not in wanted:
            path.unlink()
    return root


def place(path: Path, blob: Path) -> None:
    """Put a link in its place at once, whatever is there."""
    with contextlib.suppress(OSError):
        if path.readlink() == blob:
            return
    for parent in reversed(path.parents):
        if parent.is_symlink() and not parent.is_dir():
            parent.unlink()
    if path.is_dir() and not path.is_symlink():
        rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(blob)
    fresh.replace(path)


def rmtree(path: Path, *, ignore_errors: bool = False) -> None:
    """Remove a folder with all that is in it."""
    import shutil  # noqa: PLC0415 - slow to import, and seldom wanted

    shutil.rmtree(path, ignore_errors=ignore_errors)


def prune(folder: Path, models: tuple[Model, ...]) -> None:
    """Remove every link that is none of these models', and the folders that it leaves empty."""
    root = folder / MODELS
    wanted = {
        str(root / model.name / model.version / path) for model in models for path in model.files
    }
    for at, folders, names in os.walk(root, topdown=False):
        for name in (*names, *folders):
            found = Path(at, name)
            if found.is_symlink() or name in names:
                if str(found) not in wanted:
                    found.unlink()
            else:
                with contextlib.suppress(OSError):
                    found.rmdir()


def sweep_code(folder: Path, code: Path) -> bool:
    """Remove the code beside `code` that nobody uses; return False if it must be tried again.

    Who lays code holds the lock of the folder until the settings name it.
    """
    root = folder / "code"
    if code.parent != root:
        return True
    try:
        with locked(root):
            wanted = Path(json.loads((folder / "settings.json").read_bytes())["code"]).name
            for path in root.iterdir():
                if path.name not in (code.name, wanted):
                    rmtree(path, ignore_errors=True)
    except BlockingIOError:
        return False
    except (OSError, ValueError, KeyError, TypeError):
        return True  # the folder was changed by hand: better too much than too little
    return True


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder itself. Raises BlockingIOError while another process does."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def tail(folder: Path, start: int) -> list[str]:
    """Return the last lines of the log from byte `start` on."""
    try:
        with (folder / "server.log").open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(start if start <= end else 0, end - 64 * 1024))  # a new log may be shorter
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-LOG_LINES:]


def length(folder: Path) -> int:
    """Return how long the log is now."""
    try:
        return (folder / "server.log").stat().st_size
    except OSError:
        return 0

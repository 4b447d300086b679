"""The instance folder: its lock, its record, its links to the models' bytes."""

import contextlib
import fcntl
import json
import os
import shutil
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .settings import Model, UnfitError

MODELS = "azureml-models"
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


class Record:
    """`server.json`: what the server says of itself. Written whole, at each change."""

    def __init__(self, folder: Path) -> None:
        now = time.time()
        self._path = folder / "server.json"
        self._values: dict[str, Any] = {
            "pid": os.getpid(),
            "started": now,
            "created": datetime.fromtimestamp(now, timezone.utc).isoformat(timespec="seconds"),
            "host": None,
            "port": None,
            "state": "starting",
            "settings": None,
            "error": None,
            "worker_pids": [],
            "restarts": 0,
        }

    @property
    def state(self) -> str:
        """Return the state as last written."""
        return str(self._values["state"])

    def write(self, **changes: Any) -> None:
        """Change values and put the whole record in its place at once."""
        self._values.update(changes)
        fresh = self._path.with_name("server.json.tmp")
        with contextlib.suppress(FileNotFoundError):  # the folder was removed by hand: go on
            fresh.write_text(json.dumps(self._values, indent=2) + "\n", encoding="utf-8")
            fresh.replace(self._path)

    def fail(self, summary: str, log: list[str]) -> None:
        """Say that the service failed, and why."""
        error = {"summary": summary, "log": log[-LOG_LINES:]}
        self.write(state="failed", error=error, worker_pids=[])


def link(folder: Path, models: tuple[Model, ...]) -> Path:
    """Make the folder of models anew, as links; return what `AZUREML_MODEL_DIR` points at."""
    root = folder / MODELS
    if root.is_symlink():
        root.unlink()
    elif root.exists():
        shutil.rmtree(root)  # links in it are removed, never followed
    root.mkdir()
    for model in models:
        for path, blob in model.files.items():
            if not blob.exists():
                raise UnfitError(f"`{path}` of model `{model.name}:{model.version}` is not there")
            place = root / model.name / model.version / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(blob)
    if len(models) == 1:
        return root / models[0].name / models[0].version
    return root


def tail(folder: Path, start: int) -> list[str]:
    """Return the last lines of the log from byte `start` on."""
    try:
        with (folder / "server.log").open("rb") as log:
            log.seek(max(start, log.seek(0, os.SEEK_END) - 64 * 1024))
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

"""The log in files of bounded size: all that the front and its workers write goes through a pipe.

`server.log` is followed by `server.log.1`, `server.log.2`: no line is lost or cut in two. A thread
copies, so that the event loop never waits. Two fronts that relieve each other share the files.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

CHUNK = 1 << 16
PATIENCE = 0.5
"""Seconds in which what is in the pipe at the end may still be written."""


class LogFile(NamedTuple):
    """Where the log is, how large it gets, and how many older ones are kept."""

    path: Path
    max_bytes: int
    keep: int


def log_file(given: Mapping[str, Any] | None, folder: Path) -> LogFile | None:
    """Read the `log_file` block: `path`, `max_bytes`, `keep`."""
    if given is None:
        return None
    return LogFile(
        path=folder / given["path"], max_bytes=int(given["max_bytes"]), keep=int(given["keep"])
    )


class Rotation:
    """Puts itself between this process, its children and the log."""

    def __init__(self, log: LogFile) -> None:
        self._log = log
        self._file = opened(log.path)
        self._pipe, writing = os.pipe()
        for descriptor in (1, 2):
            os.dup2(writing, descriptor)  # children inherit these two, and nothing else
        os.close(writing)
        self._over = threading.Event()
        threading.Thread(target=self._copy, name="log", daemon=True).start()

    def end(self) -> None:
        """Let go of the pipe, and wait a moment until everything in it is written."""
        for descriptor in (1, 2):
            os.dup2(self._file, descriptor)
        self._over.wait(PATIENCE)

    def _copy(self) -> None:
        while data := os.read(self._pipe, CHUNK):
            with contextlib.suppress(OSError):  # a full disk must not stop whoever prints
                self._write(data)
        self._over.set()

    def _write(self, data: bytes) -> None:
        """Write; go on in a new file at the first end of a line after the size is reached."""
        self._follow()
        size = os.fstat(self._file).st_size
        room = max(0, self._log.max_bytes - size - 1)
        end = data.find(b"\n", room) + 1 if size + len(data) >= self._log.max_bytes else 0
        everything(self._file, data[:end] if end else data)
        if end:
            self._rotate()
            if data[end:]:
                self._write(data[end:])

    def _follow(self) -> None:
        """Open the log anew if another process has moved it away."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._file), self._log.path.stat()):
                return
        self._open()

    def _open(self) -> None:
        fresh = opened(self._log.path)
        os.dup2(fresh, self._file, inheritable=False)
        os.close(fresh)

    def _rotate(self) -> None:
        path = self._log.path
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(self._file), path.stat()):
                for number in range(self._log.keep, 0, -1):
                    with contextlib.suppress(FileNotFoundError):
                        older(path, number - 1).replace(older(path, number))
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._open()


def older(path: Path, number: int) -> Path:
    """Name the so-manieth log before; 0 is the one that is written."""
    return path.with_name(f"{path.name}.{number}") if number else path


def opened(path: Path) -> int:
    """Open a log to append to it."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)


def everything(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(descriptor, data) :]

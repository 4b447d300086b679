"""The last lines of a log file, and those still to come."""

import os
import re
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

POLL = 0.2
"""Seconds between two looks at a log that is followed."""

OLDER = 9
"""Logs before the one that is written, at most."""

ENDS = re.compile(r"\r\n|\r|\n")
"""What ends a line, as for Python's own text files."""


def last_lines(path: Path, count: int) -> Iterator[str]:
    """Yield the last `count` lines of a log and of those before it; none when there is none."""
    for line in deque(_text(path), maxlen=count):
        yield line.rstrip("\n")


def _text(path: Path) -> Iterator[str]:
    for one in _logs(path):
        with suppress(FileNotFoundError), one.open(encoding="utf-8", errors="replace") as log:
            yield from log


def _logs(path: Path) -> list[Path]:
    """Return a log and those before it, the oldest first."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in range(OLDER, 0, -1))
    return [*(one for one in numbered if one.exists()), path]


def follow_lines(path: Path, count: int) -> Iterator[str]:
    """Yield the last `count` lines, then each new line once it is whole. Never ends by itself.

    A log that is replaced, or cut to be shorter, is read from its start.
    """
    reader = _Reader(path)
    yield from reader.lines(count)
    while True:
        time.sleep(POLL)
        yield from reader.lines()


class _Reader(Struct):
    """How far a log is read: up to the end of its last whole line. `file` is its inode."""

    path: Path
    position: int = 0
    file: int = 0

    def lines(self, limit: int | None = None) -> list[str]:
        """Return the whole lines that were not read yet, or only the last `limit` of them."""
        found: deque[bytes] = deque(maxlen=None if limit is None else limit + 1)
        for log in self._unread(whole=limit is not None):
            with log:
                log.seek(self.position)
                found.extend(log)
                self.position = log.tell()
        if found and not found[-1].endswith(b"\n"):
            self.position -= len(found.pop())
        kept = list(found) if limit is None else list(found)[max(len(found) - limit, 0) :]
        text = b"".join(kept).decode(errors="replace")
        return ENDS.split(text)[:-1]

    def _unread(self, *, whole: bool) -> Iterator[BinaryIO]:
        """Yield the log that was read last, if it is still there, and each one after it.

        Where that one is not, yields the newest, or all of them if the `whole` is wanted.
        """
        opened = [log for log in map(_opened, _logs(self.path)) if log]
        inodes = [os.fstat(log.fileno()).st_ino for log in opened]
        first = inodes.index(self.file) if self.file in inodes else 0 if whole else -1
        for log in opened[:first]:
            log.close()
        for log in opened[first:]:
            status = os.fstat(log.fileno())
            if status.st_ino != self.file or status.st_size < self.position:
                self.file, self.position = status.st_ino, 0
            yield log


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None

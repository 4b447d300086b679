"""The last lines of a log file, and those still to come."""

import os
import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POLL = 0.2
"""Seconds between two looks at a log that is followed."""

ENDS = re.compile(r"\r\n|\r|\n")
"""What ends a line, as for Python's own text files."""


def last_lines(path: Path, count: int) -> Iterator[str]:
    """Yield the last `count` lines of a file; none when there is no file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as log:
            yield from (line.rstrip("\n") for line in deque(log, maxlen=count))
    except FileNotFoundError:
        return


def follow_lines(path: Path, count: int) -> Iterator[str]:
    """Yield the last `count` lines, then each new line once it is whole. Never ends by itself.

    A log that is replaced, or cut to be shorter, is read from its start.
    """
    reader = _Reader(path)
    yield from reader.lines(count)
    while True:
        time.sleep(POLL)
        yield from reader.lines()


@dataclass(slots=True)
class _Reader:
    """How far a log is read: up to the end of its last whole line. `file` is its inode."""

    path: Path
    position: int = 0
    file: int = 0

    def lines(self, limit: int | None = None) -> list[str]:
        """Return the whole lines that were not read yet, or only the last `limit` of them."""
        try:
            with self.path.open("rb") as log:
                status = os.fstat(log.fileno())
                if status.st_ino != self.file or status.st_size < self.position:
                    self.file, self.position = status.st_ino, 0
                log.seek(self.position)
                found = deque(log, maxlen=None if limit is None else limit + 1)
                self.position = log.tell()
        except FileNotFoundError:
            return []
        if found and not found[-1].endswith(b"\n"):
            self.position -= len(found.pop())
        kept = list(found) if limit is None else list(found)[max(len(found) - limit, 0) :]
        text = b"".join(kept).decode(errors="replace")
        return ENDS.split(text)[:-1]

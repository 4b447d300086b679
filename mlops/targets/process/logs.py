"""The last lines of a log file, and those still to come."""

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

POLL = 0.2
"""Seconds between two looks at a log that is followed."""


def last_lines(path: Path, count: int) -> Iterator[str]:
    """Yield the last `count` lines of a file; none when there is no file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as log:
            yield from (line.rstrip("\n") for line in deque(log, maxlen=count))
    except FileNotFoundError:
        return


def follow_lines(path: Path, count: int) -> Iterator[str]:
    """Yield the last `count` lines, then each new line as it is written. Never ends by itself.

    A log that is replaced by a shorter one is read from its start.
    """
    yield from last_lines(path, count)
    position = path.stat().st_size if path.exists() else 0
    rest = ""
    while True:
        time.sleep(POLL)
        size = path.stat().st_size if path.exists() else 0
        if size < position:
            position = 0
        if size == position:
            continue
        with path.open(encoding="utf-8", errors="replace") as log:
            log.seek(position)
            *lines, rest = (rest + log.read()).split("\n")
            position = log.tell()
        yield from lines

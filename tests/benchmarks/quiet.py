"""A second apply with nothing changed: it writes nothing."""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row
from walk import walking


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: ARG001, FBT001  it is small
    """Yield how many files and processes a no-op apply changed, and its seconds beside a plan's."""
    with walking(folder) as walk:
        assert walk.apply().code == 0
        before = walk.files(), sorted(walk.servers())
        began = time.perf_counter()
        assert walk.apply().code == 0
        applied = time.perf_counter() - began
        after = walk.files(), sorted(walk.servers())
        changed = {*before[0].items()} ^ {*after[0].items()}
        began = time.perf_counter()
        walk.plan()
        planned = time.perf_counter() - began
    yield Row(
        what="apply with nothing changed: files and processes changed",
        measured=str(len(changed) + (before[1] != after[1])),
        beside="0",
        ratio=len(changed) + (before[1] != after[1]),
        bar=0,
    )
    yield Row(
        what="apply with nothing changed: seconds beside a plan's",
        measured=f"{applied:.2f} s",
        beside=f"{planned:.2f} s",
        ratio=applied / planned,
        bar=1.5,
    )

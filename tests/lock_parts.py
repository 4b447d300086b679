"""What tests of the lock share: a clock that they move, a holder elsewhere, older objects."""

import os

from msgspec.structs import replace

from mlops.store.holder import Holder, this_holder
from mlops.store.lock import Lock
from mlops.store.objects import Objects

HERE = this_holder({"who": "alice", "run_url": "https://ci.example/7"}, "mlops apply")
ELSEWHERE = replace(HERE, host="ci-7", process=replace(HERE.process, machine="elsewhere"))


class Clock:
    """A clock that goes on only when it is told to, or when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept = 0

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept += 1
        self.time += seconds


def lock(objects: Objects, clock: Clock, holder: Holder = ELSEWHERE) -> Lock:
    return Lock(objects, "mnist", holder, clock=clock, sleep=clock.sleep)


def age(objects: Objects, seconds: float, *marks: str) -> None:
    """Make what a lock has older, by the store's own time."""
    assert objects.root is not None
    for mark in marks:
        file = objects.root / "locks/mnist" / mark
        time = file.stat().st_mtime - seconds
        os.utime(file, (time, time))


def files(objects: Objects) -> list[str]:
    return [path.removeprefix("locks/mnist/") for path in objects.list("locks/mnist")]

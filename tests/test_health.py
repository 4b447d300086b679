from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import make

from mlops.health import is_ready, wait_ready
from mlops.protocols import Means
from mlops.values import Address, Change, Desired, Health, Impact, Observed, Progress


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 100.0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


@dataclass
class Slow:
    """A place whose service says one thing after the other; the last one for ever."""

    says: list[Health]
    impact: ClassVar[Mapping[str, Impact]] = {}
    downtime: ClassVar[Mapping[Impact, str]] = {}
    settle: ClassVar[float] = 0.0
    identity = "slow"

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        raise NotImplementedError

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        raise NotImplementedError

    def health(self, address: Address) -> Health:
        assert address == make.address()
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


STARTING = Health(ready=0, failed=0, total=1, summary="starting")
READY = Health(ready=1, failed=0, total=1, summary="ready")


def wait(place: Slow, clock: Clock, timeout: float = 10) -> Health:
    return wait_ready(place, make.address(), timeout=timeout, clock=clock, sleep=clock.sleep)


def test_a_service_that_is_ready_is_not_waited_for() -> None:
    clock = Clock()

    health = wait(Slow([READY]), clock)

    assert (health, clock.pauses) == (READY, [])


def test_it_asks_often_at_first_then_less() -> None:
    clock = Clock()

    health = wait(Slow([STARTING] * 12 + [READY]), clock)

    assert health == READY
    assert clock.pauses[0] == 0.02
    assert clock.pauses[-1] == 0.5
    assert clock.pauses == sorted(clock.pauses)


def test_a_failed_instance_ends_the_waiting_at_once_with_its_log() -> None:
    failed = Health(ready=0, failed=1, total=1, summary="`init()` failed", log=("KeyError",))
    clock = Clock()

    health = wait(Slow([STARTING, failed]), clock)

    assert failed == health
    assert not is_ready(health)
    assert clock.pauses == [0.02]


def test_a_service_that_takes_too_long_is_not_ready_and_says_so() -> None:
    clock = Clock()

    health = wait(Slow([STARTING]), clock, timeout=3)

    assert not is_ready(health)
    assert health.summary == "0 of 1 ready after 3 s: starting"
    assert clock.now == 103


def test_a_service_without_instances_is_not_ready() -> None:
    assert not is_ready(Health(ready=0, failed=0, total=0))


def test_every_instance_has_to_be_ready() -> None:
    two = Health(ready=1, failed=0, total=2)

    health = wait(Slow([two, Health(ready=2, failed=0, total=2)]), Clock())

    assert is_ready(health)

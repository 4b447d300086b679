"""How long a lease lasts, and how it ends."""

import threading
from pathlib import Path

import pytest
from lock_parts import HERE, Clock, age, files, lock

from mlops.errors import LockedError
from mlops.store.lock import Grant, Lock, Timing, held
from mlops.store.objects import Objects, open_store


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_store("store", tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_lease_ends_40_s_after_its_last_beat_began_and_stays_ended(
    objects: Objects, clock: Clock
) -> None:
    lease = lock(objects, clock).acquire(0)
    clock.time += 30
    lease.beat()
    clock.time += 39
    lease.check()
    clock.time += 2

    with pytest.raises(LockedError) as first:
        lease.check()
    lease.beat()
    with pytest.raises(LockedError):
        lease.check()

    assert "for 40 s" in first.value.problems[0].summary


class Slow(Objects):
    """A store whose beats take very long."""

    def __init__(self, inner: Objects, clock: Clock) -> None:
        super().__init__(inner.location, inner.root, lambda: None)
        self._inner, self._clock = inner, clock

    def create(self, path: str, data: bytes) -> bool:
        return self._inner.create(path, data)

    def read(self, path: str) -> bytes | None:
        return self._inner.read(path)

    def list(self, prefix: str) -> tuple[str, ...]:
        return self._inner.list(prefix)

    def overwrite(self, path: str, data: bytes) -> None:
        self._clock.time += 35
        self._inner.overwrite(path, data)


def test_a_beat_that_arrives_after_the_end_does_not_move_the_end(
    objects: Objects, clock: Clock
) -> None:
    lease = lock(Slow(objects, clock), clock).acquire(0)
    clock.time += 6

    lease.beat()

    with pytest.raises(LockedError):
        lease.check()


def test_a_beat_counts_from_its_beginning(objects: Objects, clock: Clock) -> None:
    lease = lock(Slow(objects, clock), clock).acquire(0)
    clock.time += 2

    lease.beat()
    clock.time += 4
    lease.check()
    clock.time += 2

    with pytest.raises(LockedError):
        lease.check()


def test_a_lease_beats_by_itself(objects: Objects, clock: Clock) -> None:
    timing = Timing(beat=0.01)
    beaten = threading.Event()

    class Watched(Slow):
        def overwrite(self, path: str, data: bytes) -> None:
            super().overwrite(path, data)
            beaten.set()

    with Lock(Watched(objects, Clock()), "mnist", HERE, clock=clock, timing=timing).acquire(0):
        assert beaten.wait(10)

    assert "1.beat" in files(objects)


def test_a_revoked_lease_refuses_and_is_still_held(objects: Objects, clock: Clock) -> None:
    lease = lock(objects, clock).acquire(0)

    lease.revoke()

    with pytest.raises(LockedError):
        lease.check()
    assert lock(objects, clock).holder() is not None
    lease.release()
    assert lock(objects, clock).holder() is None


def test_a_released_lease_refuses(objects: Objects, clock: Clock) -> None:
    lease = lock(objects, clock).acquire(0)

    assert lease.release()
    assert lease.release()

    with pytest.raises(LockedError):
        lease.check()


def test_unlock_of_a_free_lock_finds_nobody(objects: Objects, clock: Clock) -> None:
    lock(objects, clock).acquire(0).release()

    assert lock(objects, clock).holder() is None
    assert lock(objects, clock).release_by_force() is None


def test_unlock_tells_a_living_holder_to_stop_and_waits_for_it(
    objects: Objects, clock: Clock
) -> None:
    lease = lock(objects, clock).acquire(0)
    refused: list[LockedError] = []

    def living(_: Grant) -> None:
        lease.beat()
        try:
            lease.check()
        except LockedError as error:
            refused.append(error)
            lease.release()

    grant = lock(objects, clock).release_by_force(living)

    assert grant is not None
    assert (
        "`alice` on `ci-7` by `mlops apply` in https://ci.example/7, as revision 1, for 0 s"
        == held(grant)
    )
    assert ["`mlops unlock` told this run to stop"] == [
        error.problems[0].summary.removeprefix("the lock was lost: ") for error in refused
    ]
    assert lock(objects, clock).acquire(0).number == 2


def test_unlock_waits_for_a_silent_holder_until_it_must_have_stopped(
    objects: Objects, clock: Clock
) -> None:
    lease = lock(objects, clock).acquire(0)
    looks: list[Grant] = []

    def passing(grant: Grant) -> None:
        looks.append(grant)
        age(objects, 25, "1.taken")
        objects.overwrite("locks/mnist/1.beat", b"late")

    lock(objects, clock).release_by_force(passing)

    assert 3 == len(looks)
    assert 2 == lock(objects, clock).acquire(0).number
    lease.revoke()


def test_a_holder_whose_grant_was_removed_by_hand_notices_with_its_beat(
    objects: Objects, clock: Clock
) -> None:
    lease = lock(objects, clock).acquire(0)
    objects.delete(objects.list("locks/mnist"))

    lease.beat()

    with pytest.raises(LockedError) as caught:
        lease.check()
    assert "somebody removed it" in caught.value.problems[0].summary


def test_a_lease_is_a_context(objects: Objects, clock: Clock) -> None:
    def fail() -> None:
        with lock(objects, clock).acquire(0):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()

    assert lock(objects, clock).holder() is None

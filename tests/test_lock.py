"""Who gets the lock of a folder, and when, with times that the test sets."""

import threading
import time
from pathlib import Path

import pytest
from lock_parts import HERE, Clock, age, files, lock
from msgspec.structs import replace

from mlops.errors import LockedError, TargetError
from mlops.store.grants import KEPT
from mlops.store.lock import Grant, Lock, Timing, locked
from mlops.store.objects import Objects, open_store


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_store("store", tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_lease_has_number_1_and_each_next_one_more(
    objects: Objects, clock: Clock
) -> None:
    numbers = []
    for _ in range(3):
        with lock(objects, clock).acquire(0) as lease:
            lease.check()
            numbers.append(lease.number)

    assert [1, 2, 3] == numbers
    assert 0 == clock.slept
    assert ["1.json", "1.released", "2.json", "2.released", "3.json", "3.released"] == files(
        objects
    )


def test_a_lock_that_is_held_is_refused_and_shown(objects: Objects, clock: Clock) -> None:
    with lock(objects, clock).acquire(0), pytest.raises(LockedError) as caught:
        lock(objects, clock).acquire(0)

    problem = caught.value.problems[0]
    assert 5 == caught.value.code
    assert (
        "`mnist` is locked for `alice` on `ci-7` by `mlops apply` in https://ci.example/7,"
        " as revision 1, for 0 s; last heard of 0 s ago"
    ) == problem.summary
    assert "--lock-timeout" in problem.hint
    assert "mlops unlock" in problem.hint
    assert ["1.json", "1.released"] == files(objects)


def test_a_grant_says_its_ages_in_words() -> None:
    grant = Grant(number=7, age=7322, silent=125)

    assert (
        "`mnist` is locked for `somebody`, as revision 7, for 2 h 2 min; last heard of"
        " 2 min 5 s ago"
    ) == locked("mnist", grant).summary


def test_one_who_waits_is_told_each_second_by_whom(objects: Objects, clock: Clock) -> None:
    lease = lock(objects, clock).acquire(0)
    told: list[Grant] = []

    def waiting(grant: Grant) -> None:
        told.append(grant)
        if len(told) == 3:
            lease.release()

    with lock(objects, clock).acquire(10, waiting) as other:
        assert 2 == other.number

    assert [(1, "alice", "ci-7")] * 3 == [(grant.number, grant.who, grant.host) for grant in told]
    assert 1003.0 == clock.time


def test_one_who_waits_gives_up_after_the_timeout(objects: Objects, clock: Clock) -> None:
    with lock(objects, clock).acquire(0), pytest.raises(LockedError):
        lock(objects, clock).acquire(4.5)

    assert 1004.5 == clock.time


def test_two_projects_have_two_locks(objects: Objects, clock: Clock) -> None:
    with lock(objects, clock).acquire(0), Lock(objects, "iris", HERE).acquire(0) as other:
        assert 1 == other.number


@pytest.mark.parametrize("silent", [30, 59])
def test_a_holder_that_was_heard_of_within_60_s_keeps_the_lock(
    silent: float, objects: Objects, clock: Clock
) -> None:
    with lock(objects, clock).acquire(0) as lease:
        lease.beat()
        age(objects, 1000, "1.json")
        age(objects, silent, "1.beat")

        held = lock(objects, clock).holder()

    assert held is not None
    assert (1000, silent) == (round(held.age), round(held.silent))


def test_a_holder_that_is_silent_for_more_than_60_s_loses_the_lock(
    objects: Objects, clock: Clock
) -> None:
    lease = lock(objects, clock).acquire(0)
    lease.beat()
    age(objects, 61, "1.json", "1.beat")

    with lock(objects, clock).acquire(0) as other:
        lease.beat()

        assert 2 == other.number
        assert "1.taken" in files(objects)
        other.check()
        with pytest.raises(LockedError) as caught:
            lease.check()
    assert "the lock was lost: revision 2 took it over" == caught.value.problems[0].summary


def test_a_holder_that_never_beat_loses_the_lock_60_s_after_its_grant(
    objects: Objects, clock: Clock
) -> None:
    lock(objects, clock).acquire(0)
    age(objects, 61, "1.json")

    assert 2 == lock(objects, clock).acquire(0).number


def test_the_death_of_a_holder_on_this_machine_is_known_at_once(
    objects: Objects, clock: Clock
) -> None:
    gone = replace(HERE, process=replace(HERE.process, started="0"))
    lock(objects, clock, gone).acquire(0)

    assert 2 == lock(objects, clock, HERE).acquire(0).number


def test_a_damaged_grant_is_waited_for_like_any_other(objects: Objects, clock: Clock) -> None:
    objects.create("locks/mnist/4.json", b"{half")

    assert Grant(number=4) == replace(
        lock(objects, clock).holder() or Grant(number=0), age=0.0, silent=0.0
    )
    age(objects, 61, "4.json")
    assert 5 == lock(objects, clock).acquire(0).number


def test_foreign_files_in_the_folder_are_no_grants(objects: Objects, clock: Clock) -> None:
    for name in ("9.json#1", "notes.txt", "9.json/deep", "x.json"):
        objects.overwrite(f"locks/mnist/{name}".replace("#", "-"), b"")

    assert 1 == lock(objects, clock).acquire(0).number


def test_a_number_whose_grant_was_removed_by_hand_is_not_used_again(
    objects: Objects, clock: Clock
) -> None:
    lease = lock(objects, clock).acquire(0)
    lease.beat()
    objects.delete(["locks/mnist/1.json"])
    age(objects, 61, "1.beat")

    assert 2 == lock(objects, clock).acquire(0).number


def test_numbers_go_on_above_the_revisions_if_the_locks_were_removed(
    objects: Objects, clock: Clock
) -> None:
    objects.create("revisions/mnist/12.begun.json", b"{}")

    assert 13 == lock(objects, clock).acquire(0).number


def test_old_grants_are_removed_once_there_are_many(objects: Objects, clock: Clock) -> None:
    for number in range(1, 2 * KEPT + 1):
        for mark in ("json", "beat", "released"):
            objects.create(f"locks/mnist/{number}.{mark}", b"{}")

    with lock(objects, clock).acquire(0) as lease:
        end = time.monotonic() + 20
        while len(files(objects)) > 3 * KEPT and time.monotonic() < end:
            time.sleep(0.01)
        lease.check()

    numbers = {int(name.split(".")[0]) for name in files(objects)}
    assert set(range(KEPT + 2, 2 * KEPT + 2)) == numbers


class Ancient(Objects):
    """A store as one sees it who stood still between its look and its next call."""

    def __init__(self, inner: Objects, then: tuple[str, ...]) -> None:
        super().__init__(inner.location, inner.root, lambda: None)
        self._connection = inner._connection  # noqa: SLF001  the same store
        self._then: tuple[str, ...] | None = then

    def list(self, prefix: str) -> tuple[str, ...]:
        then, self._then = self._then, None
        return super().list(prefix) if then is None else then


def test_a_run_that_stood_still_while_its_number_was_used_and_pruned_gets_another(
    objects: Objects, clock: Clock
) -> None:
    then = ("locks/mnist/5.json", "locks/mnist/5.released")
    objects.create("locks/mnist/30.json", b"{}")
    objects.create("locks/mnist/30.released", b"")

    lease = lock(Ancient(objects, then), clock).acquire(0)

    assert 31 == lease.number
    assert "6.released" in files(objects)


def test_a_store_that_can_not_be_written_is_a_target_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")

    with pytest.raises(TargetError):
        Lock(open_store("store", tmp_path), "mnist", HERE).acquire(0)


def test_of_many_threads_one_holds(objects: Objects) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        timing = Timing(poll=0.005)
        for _ in range(5):
            with Lock(objects, "mnist", HERE, timing=timing).acquire(60) as lease:
                inside.append(lease.number)
                most.append(len(inside))
                inside.remove(lease.number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [1] * 20 == most

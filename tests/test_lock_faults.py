"""The lock of a store that fails: one holder in the end, and never two."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from unkind import Fault, Script, Unkind, once

from mlops.errors import LockedError
from mlops.store.holder import this_holder
from mlops.store.lock import Lock, Timing
from mlops.store.objects import Objects, UnavailableError, open_store

HERE = this_holder({"who": "alice"}, "mlops apply")
QUICK = Timing(poll=0.01, patience=5)


def hurried(seconds: float) -> None:
    """Sleep a tenth, so that a test is quick."""
    time.sleep(seconds / 10)


def lock(objects: Objects, timing: Timing = QUICK) -> Lock:
    return Lock(objects, "mnist", HERE, sleep=hurried, timing=timing)


def nothing(_objects: Objects) -> None:
    """Leave the lock as new."""


def released(objects: Objects) -> None:
    """Let somebody have held it."""
    lock(objects).acquire(0).release()


def died(objects: Objects) -> None:
    """Let its holder have died."""
    gone = replace(HERE, process=replace(HERE.process, started="0"))
    Lock(objects, "mnist", gone).acquire(0).revoke()


@pytest.mark.parametrize("delay", [0.002, 0.06], ids=["soon", "late"])
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("before", [nothing, released, died])
def test_each_call_may_fail_once(
    before: Callable[[Objects], None], fault: Fault, delay: float, tmp_path: Path
) -> None:
    number, failed = 0, True
    while failed:
        objects = open_store(f"store-{number}", tmp_path)
        before(objects)
        store = Unkind(objects, once(number, fault), delay)

        lease = lock(store).acquire(0)
        lease.check()
        store.settle()
        held = lock(objects).holder()

        assert held is not None
        assert lease.number == held.number
        with pytest.raises(LockedError):
            lock(objects).acquire(0)
        assert lease.release()
        store.settle()
        with lock(objects).acquire(0) as other:
            assert lease.number < other.number
        failed = len(store.calls) > number
        number += 1
    assert number > 4


@pytest.mark.parametrize("fault", list(Fault))
def test_a_beat_may_fail(fault: Fault, tmp_path: Path) -> None:
    objects = open_store("store", tmp_path)
    beats = Unkind(
        objects, lambda _n, method, _path: fault if method == "overwrite" else None, 0.001
    )

    lease = lock(beats).acquire(0)
    with pytest.raises(UnavailableError):
        lease.beat()

    lease.check()
    assert lease.release()


def test_a_store_that_stays_away_is_given_up(tmp_path: Path) -> None:
    gone = Unkind(open_store("store", tmp_path), lambda *_: Fault.BROKEN)

    with pytest.raises(UnavailableError):
        lock(gone, Timing(patience=0.05)).acquire(0)


def test_a_create_whose_answer_was_lost_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    objects = open_store("store", tmp_path)
    store = Unkind(objects, lost_once("create"))

    with lock(store).acquire(0) as lease:
        assert 1 == lease.number

    assert ["create", "create", "read"] == [method for method, _ in store.calls][2:5]


def lost_once(method: str) -> Script:
    """Return the script by which the first answer to a method is lost."""
    said: list[str] = []

    def script(_number: int, asked: str, _path: str) -> Fault | None:
        said.append(asked)
        return Fault.LOST if asked == method and said.count(method) == 1 else None

    return script


@pytest.mark.parametrize("seed", range(6))
def test_of_many_runs_on_an_unkind_store_one_holds_at_a_time(seed: int, tmp_path: Path) -> None:
    objects = open_store("store", tmp_path)
    inside: list[int] = []
    most: list[int] = []

    def unlucky(chance: random.Random) -> Script:
        return lambda *_: chance.choice(list(Fault)) if chance.random() < 0.15 else None

    def work(name: int) -> None:
        store = Unkind(objects, unlucky(random.Random(f"{seed} {name}")), 0.01)  # noqa: S311  a game
        for _ in range(4):
            with lock(store, Timing(poll=0.01, patience=30)).acquire(60) as lease:
                inside.append(lease.number)
                most.append(len(inside))
                time.sleep(0.002)
                lease.check()
                inside.remove(lease.number)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [1] * 12 == most

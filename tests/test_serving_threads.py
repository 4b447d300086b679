"""`concurrency > 1`: several `run()`s at once on threads, by setting alone."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_environments import interpreter
from serving_instance import Answer, Instance, failed, serving, until

SCRIPT = """
    import ctypes, json, os, sys, threading, time

    def init():
        pass

    def run(data):
        act = json.loads(data)
        time.sleep(act.get("sleep", 0))
        if act.get("exit"):
            sys.exit(1)
        if act.get("raise"):
            raise ValueError("own")
        while act.get("spin"):
            pass
        if act.get("stuck"):
            time.sleep(60)
        if act.get("die"):
            os._exit(4)
        main = threading.current_thread() is threading.main_thread()
        return [os.getpid(), main, act.get("n")]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("threads")
    with serving(folder / "i", SCRIPT, serving={"concurrency": 4}) as instance:
        yield instance


def together(service: Instance, *acts: Any) -> list[Answer]:
    found: dict[int, Answer] = {}

    def ask(index: int) -> None:
        found[index] = service.score(acts[index])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[index] for index in range(len(acts))]


def test_requests_run_side_by_side(service: Instance) -> None:
    begun = time.monotonic()

    answers = together(service, *({"sleep": 0.5, "n": n} for n in range(8)))

    assert 0.9 < time.monotonic() - begun < 3
    assert list(range(8)) == [answer.json[2] for answer in answers]


@pytest.mark.parametrize("act", ["exit", "raise"])
def test_a_failing_request_harms_nobody(service: Instance, act: str) -> None:
    slow, bad = together(service, {"sleep": 0.3, "n": 1}, {act: 1})

    assert (200, 500) == (slow.status, bad.status)
    assert service.record["restarts"] == 0


def test_without_the_setting_run_stays_on_the_main_thread(tmp_path: Path) -> None:
    with serving(tmp_path, SCRIPT) as plain:
        assert plain.score({}).json[1] is True


def test_an_endless_loop_is_ended_and_its_worker_lives_on(tmp_path: Path) -> None:
    with serving(tmp_path, SCRIPT, serving={"concurrency": 2, "timeout": 0.5}) as service:
        late, quick = together(service, {"spin": 1}, {"sleep": 0.1})
        time.sleep(2.5)
        after = together(service, *({"n": n, "sleep": 0.1} for n in range(4)))
        restarts = service.record["restarts"]

    assert (504, 200) == (late.status, quick.status)
    assert late.json == {"message": "Scoring timeout after 500 ms"}
    assert [quick.json[0]] * 4 == [answer.json[0] for answer in after]
    assert restarts == 0


def test_a_hung_thread_costs_a_worker_and_no_other_answer(tmp_path: Path) -> None:
    with serving(tmp_path, SCRIPT, serving={"concurrency": 3, "timeout": 0.5}) as service:
        stop = threading.Event()
        statuses: list[int] = []

        def ask() -> None:
            while not stop.is_set():
                statuses.append(service.score({"sleep": 0.02}).status)

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for thread in asking:
            thread.start()
        hung = service.score({"stuck": 1})
        until(lambda: service.record["restarts"] == 1 and service.record["worker_pids"])
        stop.set()
        for thread in asking:
            thread.join()

    assert hung.status == 504
    assert {200} == set(statuses)
    assert len(statuses) > 50


def test_a_death_costs_those_that_had_begun_alone(tmp_path: Path) -> None:
    with serving(tmp_path, SCRIPT, serving={"concurrency": 2}) as service:
        acts = [{"sleep": 0.5}, {"sleep": 0.1, "die": 1}, *({"n": n} for n in range(6))]
        answers = together(service, *acts)

    statuses = [answer.status for answer in answers]
    assert statuses[1] == 502
    assert set(statuses) <= {200, 502}
    assert statuses.count(502) <= 2


@pytest.mark.parametrize("version", ["3.6", "3.9", "3.13"])
def test_every_python_serves_it(tmp_path: Path, version: str) -> None:
    more = {"concurrency": 2, "timeout": 1}
    with serving(tmp_path, SCRIPT, python=str(interpreter(version)), serving=more) as service:
        answers = together(service, {"spin": 1}, {"n": 1})

    assert [504, 200] == [answer.status for answer in answers]


def test_a_setting_that_makes_no_sense_is_said(tmp_path: Path) -> None:
    code, record, _ = failed(tmp_path, SCRIPT, serving={"concurrency": "many"})

    assert code == 3
    expected = "`serving.concurrency` is 'many', but must be a number from 1 on"
    assert expected == record["error"]["summary"]

"""`async def run`: several requests in flight on one event loop."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_environments import interpreter
from serving_instance import Answer, Instance, serving, until

SCRIPT = """
    import asyncio, json, os, sys, threading, time

    seen = {"now": 0, "most": 0}

    async def init():
        await asyncio.sleep(0)

    async def run(data):
        act = json.loads(data)
        seen["now"] += 1
        seen["most"] = max(seen["most"], seen["now"])
        try:
            if "mark" in act:
                open(act["mark"], "a").close()
            if "sleep" in act:
                await asyncio.sleep(act["sleep"])
            if act.get("exit"):
                sys.exit(1)
            if act.get("raise"):
                raise ValueError("own")
            while act.get("deaf"):
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
            if act.get("block"):
                time.sleep(60)
            main = threading.current_thread() is threading.main_thread()
            return [os.getpid(), main, seen["most"], act.get("n")]
        finally:
            seen["now"] -= 1
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with serving(tmp_path_factory.mktemp("async") / "i", SCRIPT) as instance:
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


def test_waiting_requests_do_not_hold_others_up(service: Instance) -> None:
    begun = time.monotonic()

    answers = together(service, *({"sleep": 0.5, "n": n} for n in range(10)))

    assert time.monotonic() - begun < 3
    assert list(range(10)) == [answer.json[3] for answer in answers]
    assert max(answer.json[2] for answer in answers) > 1


def test_run_is_on_the_main_thread(service: Instance) -> None:
    assert service.score({}).json[1] is True


@pytest.mark.parametrize("act", ["exit", "raise"])
def test_a_failing_request_harms_nobody(service: Instance, act: str) -> None:
    slow, failed = together(service, {"sleep": 0.3, "n": 1}, {act: 1})

    assert (200, 500) == (slow.status, failed.status)
    assert service.record["restarts"] == 0


def test_no_more_than_the_setting_allows_are_in_flight(tmp_path: Path) -> None:
    with serving(tmp_path, SCRIPT, serving={"concurrency": 2}) as service:
        answers = together(service, *({"sleep": 0.1} for _ in range(8)))

    assert max(answer.json[2] for answer in answers) == 2


def test_a_run_over_its_time_is_cancelled(tmp_path: Path) -> None:
    with serving(tmp_path, SCRIPT, serving={"timeout": 0.5}) as service:
        late, quick = together(service, {"sleep": 30}, {"sleep": 0.1, "n": 1})
        after = service.score({"n": 2})

    assert (504, 200) == (late.status, quick.status)
    assert late.json == {"message": "Scoring timeout after 500 ms"}
    assert late.headers["x-ms-run-function-failed"] == "True"
    assert after.json[0] == quick.json[0]


@pytest.mark.parametrize("act", ["deaf", "block"])
def test_a_hung_run_costs_a_worker_and_one_answer(tmp_path: Path, act: str) -> None:
    with serving(tmp_path, SCRIPT, serving={"timeout": 0.5}) as service:
        first = service.score({}).json[0]

        answers = together(service, {act: 1})
        until(lambda: service.record["restarts"] == 1 and service.record["worker_pids"])
        after = service.score({"n": 3})

    assert [504] == [answer.status for answer in answers]
    assert (200, 3) == (after.status, after.json[3])
    assert after.json[0] != first


@pytest.mark.parametrize("version", ["3.6", "3.8", "3.10", "3.13"])
def test_every_python_serves_it(tmp_path: Path, version: str) -> None:
    with serving(tmp_path, SCRIPT, python=str(interpreter(version))) as service:
        answers = together(service, *({"sleep": 0.2, "n": n} for n in range(4)), {"exit": 1})

    assert [200] * 4 + [500] == [answer.status for answer in answers]


def test_type_hints_and_async_go_together(tmp_path: Path) -> None:
    script = "async def init(): pass\nasync def run(n: int): return n + 1\n"
    with serving(tmp_path, script) as service:
        assert (b"6", 400) == (service.score({"n": 5}).body, service.score({"n": "x"}).status)


def test_hundreds_of_quick_requests_get_their_own_answers(service: Instance) -> None:
    connections = [service.connect() for _ in range(4)]
    wrong: list[Any] = []

    def ask(base: int) -> None:
        connection = connections[base]
        for n in range(100):
            connection.request("POST", "/score", json.dumps({"n": [base, n]}))
            answer = json.loads(connection.getresponse().read())
            if answer[3] != [base, n]:
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong

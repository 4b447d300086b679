"""A scoring server under load: deaths, hangs, queues, limits."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from serving_instance import ACTS, ECHO, serving, until


def test_a_dead_worker_costs_its_own_request_only(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service, ThreadPoolExecutor(20) as threads:
        first = service.record["worker_pids"]
        mark = tmp_path / "begun"
        act = {"sleep": 0.5, "die": True, "mark": str(mark)}
        dying = threads.submit(service.score, act)
        until(mark.exists)
        others = [threads.submit(service.score, {"n": n}) for n in range(19)]
        answers = [other.result() for other in others]
        until(lambda: service.record["worker_pids"])
        record = service.record

    assert dying.result().status == 502
    assert {"message"} == set(dying.result().json)
    assert [answer.status for answer in answers] == [200] * 19
    assert list(range(19)) == [answer.json[1] for answer in answers]
    assert first != record["worker_pids"]
    assert record["restarts"] == 1


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        (old,) = service.record["worker_pids"]
        os.kill(old, signal.SIGKILL)
        until(lambda: service.record["worker_pids"] not in ([], [old]))

        assert service.score(1).status == 200
        assert service.ask("GET", "/readyz").status == 200
        assert "killed by signal 9" in service.log


def test_a_replacement_that_cannot_init_ends_the_service_after_three_tries(
    tmp_path: Path,
) -> None:
    script = """
        import os
        def init():
            open("tries", "a").write("x")
            assert os.path.getsize("tries") == 1, "the model is gone"
        def run(data):
            os._exit(1)
    """
    with serving(tmp_path, script) as service:
        answer = service.score(1)
        code = service.process.wait(timeout=20)
        record = service.record

    assert (answer.status, code) == (502, 3)
    assert (record["state"], record["worker_pids"]) == ("failed", [])
    assert record["error"]["summary"] == "AssertionError: the model is gone"
    assert (tmp_path / "code" / "tries").read_text() == "xxxx"


@pytest.mark.parametrize("act", [{"sleep": 30}, {"swallow": True}])
def test_a_run_that_takes_too_long_is_504(tmp_path: Path, act: dict[str, Any]) -> None:
    with serving(tmp_path, ACTS, serving={"timeout": 0.3}) as service:
        before = time.monotonic()
        answer = service.score(act)
        took = time.monotonic() - before

        assert (answer.status, answer.json) == (504, {"message": "Scoring timeout after 300 ms"})
        assert took < 2
        assert service.score({}).status == 200
        assert service.record["restarts"] == 0


def test_a_run_that_resists_is_killed_and_the_queue_goes_on(tmp_path: Path) -> None:
    with (
        serving(tmp_path, ACTS, serving={"timeout": 0.3}) as service,
        ThreadPoolExecutor(6) as threads,
    ):
        mark = tmp_path / "begun"
        hung = threads.submit(service.score, {"stubborn": True, "mark": str(mark)})
        until(mark.exists)
        others = [threads.submit(service.score, {"n": n}) for n in range(5)]

        assert hung.result().status == 504
        assert [other.result().status for other in others] == [200] * 5
        assert service.record["restarts"] == 1
        assert "does not react to its timeout" in service.log


def test_a_full_queue_is_503_with_a_retry_after(tmp_path: Path) -> None:
    limits = {"queue": 2}
    with serving(tmp_path, ACTS, serving=limits) as service, ThreadPoolExecutor(9) as threads:
        mark = tmp_path / "begun"
        first = threads.submit(service.score, {"sleep": 1, "mark": str(mark)})
        until(mark.exists)
        answers = [job.result() for job in [threads.submit(service.score, {}) for _ in range(8)]]

    refused = [answer for answer in answers if answer.status == 503]
    assert first.result().status == 200
    assert len(refused) == 6
    assert all(answer.headers["retry-after"] == "1" for answer in refused)


def test_who_waits_for_longer_than_max_wait_is_sent_away(tmp_path: Path) -> None:
    limits = {"max_wait": 0.2}
    with serving(tmp_path, ACTS, serving=limits) as service, ThreadPoolExecutor(2) as threads:
        mark, late = tmp_path / "begun", tmp_path / "late"
        first = threads.submit(service.score, {"sleep": 1, "mark": str(mark)})
        until(mark.exists)
        before = time.monotonic()
        second = service.score({"mark": str(late)})
        took = time.monotonic() - before
        third = (first.result(), service.score({}))

    assert (second.status, third[0].status, third[1].status) == (503, 200, 200)
    assert took < 0.9
    assert not late.exists()


def test_two_workers_score_side_by_side(tmp_path: Path) -> None:
    limits = {"workers": 2}
    with serving(tmp_path, ACTS, serving=limits) as service, ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(service.score, {"sleep": 0.5}) for _ in range(2)]
        pids = {job.result().json[0] for job in jobs}

        assert pids == set(service.record["worker_pids"])
        assert len(pids) == 2


def test_livez_answers_quickly_while_run_holds_the_interpreter(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service, ThreadPoolExecutor(1) as threads:
        mark = tmp_path / "begun"
        holding = threads.submit(service.score, {"hold": 1, "mark": str(mark)})
        until(mark.exists)
        times = []
        for _ in range(20):
            before = time.monotonic()
            assert service.ask("GET", "/livez").status == 200
            times.append(time.monotonic() - before)

        assert not holding.done()
        assert sorted(times)[10] < 0.05  # the median: the machine may have better things to do


def test_requests_of_one_connection_are_answered_in_order(tmp_path: Path) -> None:
    with serving(tmp_path, ECHO) as service:
        connection = service.connect()
        connection.connect()
        for n in range(5):
            body = json.dumps(n).encode()
            head = b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
            connection.sock.sendall(head + body)
        received = b""
        while received.count(b"HTTP/1.1 200") < 5 or not received.endswith(b'"4"'):
            received += connection.sock.recv(65536)
        connection.close()

    assert [part.decode()[:3] for part in received.split(b"\r\n\r\n")[1:]] == [
        '"0"',
        '"1"',
        '"2"',
        '"3"',
        '"4"',
    ]


FORKS = """
    import json, os, sys

    def init():
        pass

    def run(data):
        word = json.loads(data)
        if word == "fork":
            return "parent" if os.fork() else "child"
        if word == "close":
            sys.stdout.close()
            sys.stderr.close()
        if word == "raise":
            raise ValueError(word)
        return [os.getpid(), word]
"""


def test_a_child_that_run_forks_and_lets_return_answers_nobody(tmp_path: Path) -> None:
    with serving(tmp_path, FORKS) as service:
        (worker,) = service.record["worker_pids"]
        forked = [service.score("fork").json for _ in range(5)]
        after = [service.score(number).json for number in range(20)]

    assert ["parent"] * 5 == forked
    assert [[worker, number] for number in range(20)] == after


def test_a_script_that_closes_its_output_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path, FORKS) as service:
        (worker,) = service.record["worker_pids"]
        service.score("close")
        failure = service.score("raise")
        after = service.score(1)

        assert (500, [worker, 1]) == (failure.status, after.json)
        assert "ValueError: raise" in service.log

"""What Prometheus reads."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serving_instance import ACTS, Instance, serving, until

LINE = re.compile(r'[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+]+|# (HELP|TYPE) [a-z_]+ .+')


def read(service: Instance) -> dict[str, float]:
    answer = service.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.body.decode().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def test_requests_are_counted_by_route_and_status(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service:
        values: tuple[object, ...] = ({}, {}, "not an object")
        for value in values:
            service.score(value)
        service.ask("GET", "/nowhere")
        found = read(service)

    assert found['mlops_requests_total{route="/score",code="200"}'] == 2
    assert found['mlops_requests_total{route="/score",code="500"}'] == 1
    assert found['mlops_requests_total{route="other",code="404"}'] == 1


def test_latencies_make_a_histogram(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service:
        service.score({})
        service.score({"sleep": 0.3})
        found = read(service)

    name = "mlops_request_duration_seconds"
    counts = [value for key, value in found.items() if key.startswith(name + "_bucket")]
    assert sorted(counts) == counts
    assert (counts[-1], found[name + "_count"]) == (2, 2)
    assert found[name + '_bucket{le="0.25"}'] == 1
    assert found[name + "_sum"] > 0.25


def test_what_is_so_now_is_shown(tmp_path: Path) -> None:
    (tmp_path / "blob").touch()
    models = [{"name": "m", "version": 7, "files": [{"path": "a", "blob": str(tmp_path / "blob")}]}]
    with serving(tmp_path / "instance", ACTS, models=models) as service:
        (worker,) = service.record["worker_pids"]
        os.kill(worker, signal.SIGKILL)
        until(lambda: service.record["worker_pids"] not in ([], [worker]))
        found = read(service)

    assert found['mlops_model_info{model="m",version="7"}'] == 1
    assert (found["mlops_ready"], found["mlops_workers"]) == (1, 1)
    assert (found["mlops_worker_restarts_total"], found["mlops_queue_length"]) == (1, 0)
    assert (found["mlops_connections"], found["mlops_requests_in_flight"]) == (1, 0)
    assert found["mlops_init_seconds"] > 0


def test_what_works_and_what_waits_is_shown(tmp_path: Path) -> None:
    limits = {"workers": 2, "queue": 50}
    with (
        serving(tmp_path, ACTS, serving=limits) as service,
        ThreadPoolExecutor(12) as threads,
    ):
        marks = [tmp_path / f"mark{number}" for number in range(2)]
        held = [threads.submit(service.score, {"sleep": 2, "mark": str(mark)}) for mark in marks]
        until(lambda: all(mark.exists() for mark in marks))
        held += [threads.submit(service.score, {"n": number}) for number in range(10)]
        until(lambda: read(service)["mlops_requests_in_flight"] == 12)
        found = read(service)
        answers = [one.result().status for one in held]
        after = read(service)

    assert (2, 2) == (found["mlops_workers"], found["mlops_workers_busy"])
    assert 0 <= found["mlops_queue_length"] <= 10
    assert [200] * 12 == answers
    assert (0, 0) == (after["mlops_workers_busy"], after["mlops_requests_in_flight"])

"""A service is ready once its own checks pass; what fails them never serves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from check_cases import CASES, Case
from serving_instance import Instance, end, serving, start, until, write
from test_serving_handover import relieve
from test_serving_swap import change, refused, rewrite, says, swapped

from mlops.serving.front.checks import Reply, check, wrong

ADDS = """
    import json
    def init():
        pass
    def run(data):
        return sum(json.loads(data)["data"])
"""
SIX: dict[str, Any] = {"request": {"json": {"data": [1, 2, 3]}}, "expect": {"json": 6}}
SEVEN: dict[str, Any] = {"request": {"json": {"data": [1, 2, 3]}}, "expect": {"json": 7}}
WRONG = "`POST /score` answered expected 7, found 6"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.it)
def test_a_check_means_what_it_means_to_mlops_test(case: Case) -> None:
    expected = [f"`POST /score` {case.said}"] if case.said else []

    found = wrong(
        check({"expect": case.expect}, ""), Reply(status=case.status, body=case.body, seconds=0.1)
    )

    assert expected == found


def test_a_slow_answer_is_told_in_milliseconds() -> None:
    reply = Reply(status=200, body=b"", seconds=0.5)

    found = wrong(check({"expect": {"latency": 0.25}}, ""), reply)

    assert found == ["`POST /score` took 500 ms, expected 250 ms"]


@pytest.fixture
def unfit(tmp_path: Path) -> Iterator[Instance]:
    service = start(write(tmp_path, ADDS, checks=[SIX, SEVEN]))
    try:
        service.until("unfit", "failed", "ready")
        yield service
    finally:
        end(service)


def test_a_service_whose_checks_pass_is_ready(tmp_path: Path) -> None:
    asked = [SIX, {"request": {"method": "GET", "path": "/swagger.json?version=3"}}]
    with serving(tmp_path, ADDS, checks=asked) as service:
        assert service.ask("GET", "/readyz").json == {"status": "ready"}
        assert "its 2 checks passed" in service.log
        assert b'requests_total{route="/score"' not in service.ask("GET", "/metrics").body


def test_a_service_that_fails_a_check_lives_and_is_not_ready(unfit: Instance) -> None:
    ready = unfit.ask("GET", "/readyz")

    assert (503, {"status": "unfit", "reasons": [WRONG]}) == (ready.status, ready.json)
    assert f"a check failed: {WRONG}" in unfit.log
    assert unfit.record["error"] == {"summary": WRONG, "log": []}
    assert unfit.ask("GET", "/livez").status == 200
    assert unfit.score({"data": [1]}).status == 503
    assert unfit.ask("GET", "/").status == 503


def test_an_unfit_service_serves_once_it_is_told_better(unfit: Instance) -> None:
    digest = rewrite(unfit, checks=[SIX])

    assert swapped(unfit, digest)["state"] == "ready"
    assert unfit.record["error"] is None
    assert unfit.score({"data": [4]}).json == 4


def test_an_unfit_service_does_not_get_ready_by_other_settings(unfit: Instance) -> None:
    rewrite(unfit, checks=[SIX, SEVEN], serving={"queue": 7})

    assert refused(unfit)["error"] == {"summary": WRONG, "log": []}
    assert unfit.record["state"] == "unfit"


def test_checks_are_tried_again_since_what_they_need_may_come(tmp_path: Path) -> None:
    there = tmp_path / "there"
    script = f"""
        from pathlib import Path
        def init():
            pass
        def run(data):
            return Path({str(there)!r}).exists()
    """
    service = start(write(tmp_path, script, checks=[{"expect": {"json": True}}]))
    try:
        service.until("unfit")
        there.touch()
        service.until("ready")

        assert service.ask("GET", "/readyz").status == 200
    finally:
        end(service)


def test_a_drain_ends_an_unfit_service(unfit: Instance) -> None:
    assert unfit.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_new_code_that_fails_its_checks_never_serves(tmp_path: Path, workers: int) -> None:
    asked = [{"request": {"body": "x"}, "expect": {"json": "old"}}]
    with serving(tmp_path, says("old"), checks=asked, serving={"workers": workers}) as service:
        pids = service.record["worker_pids"]
        change(service, says("new"))
        told = refused(service)

        summary = '`POST /score` answered expected "old", found "new"'
        assert told["error"] == {"summary": summary, "log": []}
        assert service.score({}).json == "old"
        assert service.record["worker_pids"] == pids
        assert service.record["state"] == "ready"


def test_new_checks_are_run_against_what_serves(tmp_path: Path) -> None:
    with serving(tmp_path, ADDS) as service:
        pids = service.record["worker_pids"]
        swapped(service, rewrite(service, checks=[SIX]))
        rewrite(service, checks=[SEVEN])
        told = refused(service)

        assert told["error"]["summary"] == WRONG
        assert service.record["worker_pids"] == pids


def test_a_successor_that_fails_its_checks_leaves_the_old_server(tmp_path: Path) -> None:
    with serving(tmp_path, ADDS) as old:
        path = tmp_path / "settings.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "checks": [SEVEN]}))
        new = relieve(old)
        try:
            assert new.process.wait(timeout=20) == 3
            told = until(lambda: (old.record["swap"] or {}).get("error"))

            assert told["summary"] == WRONG
            assert old.score({"data": [1]}).json == 1
        finally:
            end(new)


def test_checks_bear_a_key_and_every_problem_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"primary": "aaaa"}')
    (tmp_path / "keys.json").chmod(0o600)
    asked = [SIX, SEVEN, {"request": {"path": "/nowhere"}}]
    service = start(write(tmp_path, ADDS, checks=asked, auth={"file": "keys.json"}))
    try:
        service.until("unfit")
        reasons = service.ask("GET", "/readyz").json["reasons"]

        assert reasons[0] == WRONG
        assert reasons[1].startswith("`POST /nowhere` answered status 404, expected 200")
        assert len(reasons) == 2
    finally:
        end(service)


def test_a_first_request_may_be_slow(tmp_path: Path) -> None:
    script = """
        import time
        calls = []
        def init():
            pass
        def run(data):
            calls.append(1)
            time.sleep(1.5 if len(calls) == 1 else 0)
            return len(calls)
    """
    with serving(tmp_path, script, checks=[{"expect": {"latency": 1.0}}]) as service:
        assert service.score({}).json == 3


@pytest.mark.parametrize(
    "bad", [[{"request": {"path": "/a\r\nb: c"}}], [{"expect": {"status": "x"}}], {"a": 1}, [1]]
)
def test_checks_that_cannot_be_read_are_a_failure(tmp_path: Path, bad: Any) -> None:
    service = start(write(tmp_path, ADDS, checks=bad))

    assert service.process.wait(timeout=20) == 1
    assert service.record["state"] == "failed"

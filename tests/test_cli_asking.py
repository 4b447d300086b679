"""Commands that ask a service: what they send, what they say of one that is not there or ours."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Walk, walking


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A service that every test of this module looks at, and none changes."""
    with walking(tmp_path_factory.mktemp("live")) as begun:
        assert begun.apply().code == 0
        yield begun


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--timeout", "-1"), "'-1' is no time like 500ms"),
        (("--timeout", "nan"), "'nan' is no time like 500ms"),
        (("--timeout", "0s"), "error: `--timeout` leaves no time\n"),
        (("--timeout", "999999999h"), "error: this can't be sent to `diabetes`: "),
        (("--path", "/\u00e9"), "error: this can't be sent to `diabetes`: "),
        (("--path", "/a b"), "error: this can't be sent to `diabetes`: "),
    ],
    ids=str,
)
def test_what_cannot_be_sent_is_told(live: Walk, words: tuple[str, ...], told: str) -> None:
    answer = live.run("invoke", "diabetes", *words)

    assert (1, "") == (answer.code, answer.out)
    assert told in answer.err
    assert "Traceback" not in answer.err


def test_a_path_is_asked_with_a_body_or_with_that_of_the_check(live: Walk) -> None:
    for words in ((), ("-d", "{}")):
        answer = live.run("invoke", "diabetes", "--path", "/nowhere", *words)

        assert answer.code == 6
        assert "error: `diabetes` answered with status 404\n" in answer.err


def test_test_judges_no_service_of_others(walk: Walk) -> None:
    assert walk.apply().code == 0
    mark = walk.instance / "mark.json"
    told = json.loads(mark.read_text(encoding="utf-8"))
    told["mark"]["project"] = "other"
    mark.write_text(json.dumps(told), encoding="utf-8")

    answer = walk.run("test")

    assert answer.code == 7
    assert "diabetes      1  POST /score  not asked\n" in answer.out
    assert "error: `laptop/service/diabetes` is not ours: of the project `other`\n" in answer.err


def test_test_and_logs_say_that_a_service_is_not_there(walk: Walk) -> None:
    tested, logged = walk.run("test"), walk.run("logs", "diabetes")

    assert (7, 6) == (tested.code, logged.code)
    assert "error: `laptop/service/diabetes` does not exist\n" in tested.err
    assert "error: `laptop/service/diabetes` does not exist\n" in logged.err


def test_status_tells_a_service_of_another_target_from_the_one_that_is_wanted(walk: Walk) -> None:
    assert walk.apply().code == 0
    walk.edit("mlops.yaml", "targets:\n", "targets:\n  other: {kind: process}\n")
    walk.edit("mlops.yaml", "target: laptop", "target: other")

    rows = walk.run("status", "--format", "json").json

    states = {(row["service"], row["target"]): row["state"] for row in rows}
    assert {("diabetes", "laptop"): "ready", ("diabetes", "other"): "not there"} == states

"""The first walk: nothing, a plan, an apply, an answer, and nothing left to do."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from walk import NO_CHANGES, ROW, Walk, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def test_a_plan_of_an_empty_world_makes_no_file(walk: Walk) -> None:
    before = sorted(walk.folder.rglob("*"))

    answer = walk.run("plan")

    assert answer.code == 0
    assert "\nPlan: 2 to add, 0 to change, 0 to destroy.\nDigest: " in answer.out
    assert answer.err == ""
    assert "  + store/model/diabetes  " in answer.out
    assert f"  diabetes:1 at http://127.0.0.1:{walk.port}/score; not there yet\n" in answer.out
    assert walk.run("plan", "--detailed-exitcode").code == 2
    assert walk.run("drift").code == 0
    assert before == sorted(walk.folder.rglob("*"))


def test_apply_refuses_when_nobody_can_say_yes(walk: Walk) -> None:
    before = walk.files()

    answer = walk.run("apply", typed="yes\n")

    assert answer.code == 3
    assert "error: nobody is there to say yes\n" in answer.err
    assert "--auto-approve" in answer.err
    assert before == walk.files()


def test_apply_makes_a_service_that_answers_and_a_second_one_changes_no_file(walk: Walk) -> None:
    first = walk.apply()

    assert first.code == 0, first.err
    assert f"http://127.0.0.1:{walk.port}/score\n" in first.out
    assert f"http://127.0.0.1:{walk.port}/swagger.json\n" in first.out
    assert [205.826] == pytest.approx(walk.score(), abs=0.001)
    with urlopen(f"http://127.0.0.1:{walk.port}/swagger.json", timeout=10) as told:
        assert json.loads(told.read())["swagger"] == "2.0"
    before, servers = walk.files(), walk.servers()

    second = walk.apply()

    assert second.code == 0
    assert NO_CHANGES == second.out
    assert before == walk.files()
    assert servers == walk.servers()
    walk.settled()


def test_at_a_terminal_yes_applies_and_everything_else_refuses(walk: Walk) -> None:
    before = walk.files()

    refused = walk.at_terminal("apply", typed="y")

    assert refused.code == 3
    assert "error: not applied; nothing was changed" in refused.out
    assert before == walk.files()

    applied = walk.at_terminal("apply", typed="yes")

    assert applied.code == 0, applied.out
    assert f"http://127.0.0.1:{walk.port}/score" in applied.out
    walk.settled()


def test_a_service_is_scored_by_invoke_from_an_option_a_file_and_standard_input(
    walk: Walk,
) -> None:
    assert walk.apply().code == 0
    body = json.dumps({"data": [ROW]})
    (walk.folder / "body.json").write_text(body)

    answers = [
        walk.run("invoke", "diabetes"),
        walk.run("invoke", "diabetes", "-d", body),
        walk.run("invoke", "diabetes", "-d", "@body.json"),
        walk.run("invoke", "diabetes", "-d", "-", typed=body),
    ]

    assert [0] * 4 == [answer.code for answer in answers]
    assert len({answer.out for answer in answers}) == 1
    assert [205.826] == pytest.approx(answers[0].json, abs=0.001)
    broken = walk.run("invoke", "diabetes", "-d", '{"data": [[1]]}')
    assert broken.code == 6
    assert "error: `diabetes` answered with status 500\n" in broken.err
    assert "Traceback" in walk.run("logs", "diabetes").out

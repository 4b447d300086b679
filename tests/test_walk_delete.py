"""What goes: a deployment taken out of the file, everything at once, and what is protected."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import NO_CHANGES, Walk, free_port, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        begun.add_service("extra", free_port())
        assert begun.apply().code == 0
        yield begun


def left(walk: Walk) -> set[str]:
    return {path.name for path in (walk.folder / ".mlops").iterdir()}


def test_a_deployment_taken_out_is_deleted_last_and_needs_its_count(walk: Walk) -> None:
    walk.drop_service("extra")
    walk.add_service("added", free_port())
    before = walk.servers()

    refused = walk.apply()

    assert refused.code == 3
    assert refused.err == (
        "error: the plan deletes 1 of 2 services (allowed: 0)\n"
        "hint: run with `--allow-deletes 1` if you mean it\n"
    )
    assert "  - laptop/service/extra  not in the file\n" in refused.out
    assert refused.out.index("- laptop/service/extra") > refused.out.index("+ laptop/service/added")
    assert before == walk.servers()

    applied = walk.apply("--allow-deletes", "1")

    assert applied.code == 0, applied.err
    told = [line for line in applied.err.splitlines() if line.endswith("...")]
    assert told == ["laptop/service/added: creating ...", "laptop/service/extra: deleting ..."]
    assert ["added", "diabetes"] == sorted(walk.servers().values())
    walk.settled()


def test_the_count_is_typed_at_a_terminal(walk: Walk) -> None:
    walk.drop_service("extra")

    refused = walk.at_terminal("apply", typed="yes")
    assert refused.code == 3
    assert sorted(walk.servers().values()) == ["diabetes", "extra"]
    applied = walk.at_terminal("apply", typed="1")

    assert applied.code == 0, applied.out
    walk.settled()


def test_destroy_leaves_the_store_alone(walk: Walk) -> None:
    refused = walk.run("destroy", "--auto-approve", "--allow-deletes", "1")
    assert refused.code == 3
    assert len(walk.servers()) == 2

    answer = walk.run("destroy", "--auto-approve", "--allow-deletes", "2")

    assert answer.code == 0, answer.err
    assert "Plan: 0 to add, 0 to change, 2 to destroy.\n" in answer.out
    assert walk.servers() == {}
    assert {"store"} == left(walk)
    assert walk.run("destroy", "--auto-approve").out == NO_CHANGES
    assert walk.run("models", "list", "--format", "json").json[0]["model"] == "diabetes:1"


def test_a_file_without_deployments_is_an_error(walk: Walk) -> None:
    text = walk.spec.read_text(encoding="utf-8")
    walk.spec.write_text(text[: text.index("deployments:")], encoding="utf-8")
    servers = walk.servers()

    answer = walk.apply("--allow-deletes", "2")

    assert answer.code == 1
    assert "no deployments" in answer.err
    assert servers == walk.servers()


def test_what_a_file_without_deployments_left_can_still_be_destroyed(walk: Walk) -> None:
    text = walk.spec.read_text(encoding="utf-8")
    walk.spec.write_text(text[: text.index("deployments:")], encoding="utf-8")

    answer = walk.run("destroy", "--auto-approve", "--allow-deletes", "2")

    assert answer.code == 0, answer.err
    assert {} == walk.servers()


def test_what_is_protected_stays_and_the_others_go(walk: Walk) -> None:
    walk.edit("mlops.yaml", "    port:", "    protect: true\n    port:")
    assert walk.apply().code == 0

    answer = walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

    assert answer.code == 3
    assert "`laptop/service/diabetes` is left as it is: protected" in answer.err
    assert ["diabetes"] == list(walk.servers().values())
    assert walk.run("drift").code == 0
    assert [205.826] == pytest.approx(walk.score(), abs=0.001)
    assert walk.environment.is_dir()

    walk.edit("mlops.yaml", "    protect: true\n", "")
    assert walk.apply().code == 0
    answer = walk.run("destroy", "--auto-approve", "--allow-deletes", "2")

    assert answer.code == 0, answer.err
    assert {"store"} == left(walk)

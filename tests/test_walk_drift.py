"""Somebody kills, edits or removes what runs: plan and drift say so, apply mends it."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from walk import NO_CHANGES, Walk, kill, until, walking

Harm: TypeAlias = Callable[[Walk], object]


def append(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(" \n")


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def link(walk: Walk) -> Path:
    return walk.instance / "azureml-models" / "diabetes" / "1" / "coefficients.json"


def script(walk: Walk) -> Path:
    (found,) = (walk.instance / "code").rglob("score.py")
    return found


def another_file(path: Path) -> None:
    path.unlink()
    path.write_text("{}", encoding="utf-8")


HARMS: dict[str, Harm] = {
    "the server is killed": lambda walk: kill(walk.record()["pid"]),
    "the code is edited": lambda walk: append(script(walk)),
    "the code is removed": lambda walk: shutil.rmtree(walk.instance / "code"),
    "a setting is edited": lambda walk: replaced(
        walk.instance / "settings.json", '"queue": 100', '"timeout": 30.0, "queue": 100'
    ),
    "the settings are broken": lambda walk: (walk.instance / "settings.json").write_text("{"),
    "the settings are nonsense": lambda walk: (walk.instance / "settings.json").write_text(
        json.dumps(
            {"models": [{"files": [3]}, 5], "port": "x", "mark": 4, "serving": [], "host": 1}
        )
    ),
    "a tag is edited": lambda walk: replaced(walk.instance / "mark.json", '"dev"', '"prod"'),
    "the mark is removed": lambda walk: (walk.instance / "mark.json").unlink(),
    "the record is removed": lambda walk: (walk.instance / "server.json").unlink(),
    "the record is edited": lambda walk: replaced(
        walk.instance / "server.json", f'"port": {walk.port}', '"port": 1'
    ),
    "the lock is removed": lambda walk: (walk.instance / "lock").unlink(),
    "the link of a model is another file": lambda walk: another_file(link(walk)),
    "bytes are appended through the link": lambda walk: append(link(walk)),
    "the blobs are removed": lambda walk: shutil.rmtree(walk.folder / ".mlops/store/blobs"),
    "the services are removed while they run": lambda walk: shutil.rmtree(walk.services),
    "the environment is removed": lambda walk: shutil.rmtree(walk.environment.parent),
    "its interpreter is removed": lambda walk: (walk.environment / "bin" / "python").unlink(),
}


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        assert begun.apply().code == 0
        yield begun


@pytest.mark.parametrize("harms", [list(HARMS)[n::4] for n in range(4)], ids=range(4))
def test_harm_is_seen_and_mended(walk: Walk, harms: list[str]) -> None:
    for harm in harms:
        HARMS[harm](walk)

        drift = walk.run("drift")
        answer = walk.apply()

        assert drift.code == 8, f"{harm}: {drift.out}{drift.err}"
        assert "differ" in drift.out.splitlines()[-1], harm
        assert answer.code == 0, f"{harm}: {answer.out}{answer.err}"
        assert "0 failed, 0 skipped.\n" in answer.out, harm
        assert [205.826] == pytest.approx(walk.score(), abs=0.001), harm
        assert len(walk.servers()) == 1, harm
    walk.settled()


def test_a_killed_worker_is_replaced_by_the_server_itself(walk: Walk) -> None:
    (worker,) = walk.record()["worker_pids"]

    kill(worker)

    until(lambda: walk.record()["worker_pids"] not in ([], [worker]))
    assert [205.826] == pytest.approx(walk.score(), abs=0.001)
    assert walk.plan() == NO_CHANGES


def test_the_loss_of_all_that_is_made_is_mended(walk: Walk) -> None:
    shutil.rmtree(walk.folder / ".mlops")

    answer = walk.apply()

    assert answer.code == 0, answer.out + answer.err
    walk.settled()


def test_drift_tells_what_was_and_what_is(walk: Walk) -> None:
    HARMS["a tag is edited"](walk)
    kill(walk.record()["pid"])

    answer = walk.run("drift")

    assert "process     running -> stopped\n" in answer.out
    assert "tags.stage  dev -> prod\n" in answer.out
    assert answer.out.endswith("\nDrift: 1 of 1 service differs from what was applied.\n")
    told = walk.run("drift", "--format", "json")
    summary = {"drifted": 1, "services": 1, "ignored": 0, "known": 0, "ahead": 0}
    assert (8, summary) == (told.code, told.json["summary"])


def test_a_stranger_on_the_port_of_a_stopped_service_does_not_hide_the_drift(walk: Walk) -> None:
    kill(walk.record()["pid"])
    with socket.create_server(("127.0.0.1", walk.port)):
        found, planned = walk.run("drift"), walk.run("plan")
        written = walk.run("report")

    assert (8, 1, 0) == (found.code, planned.code, written.code)
    assert "process  running -> stopped" in found.out
    assert f"note: port {walk.port} is taken by " in found.out
    walk.apply()


def test_a_copy_of_an_instance_folder_is_told_and_left_alone(walk: Walk) -> None:
    copy = walk.services / "copied"
    shutil.copytree(walk.instance, copy, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
    note = "note: laptop/service/copied is a copy of `diabetes`; it is left alone\n"

    assert note in walk.plan()
    assert "not ours: a copy of `diabetes`" in walk.run("status").out
    assert walk.apply().code == 0
    destroyed = walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

    assert destroyed.code == 0, destroyed.err
    assert [copy] == list(walk.services.iterdir())
    assert walk.servers() == {}


def test_a_service_of_another_project_in_the_same_folder_is_left_alone(walk: Walk) -> None:
    (walk.folder / ".git").mkdir()  # one checkout of two projects
    other = walk.folder / "other"
    other.mkdir()
    for name in ("model", "score"):
        shutil.copytree(walk.folder / name, other / name)
    text = walk.spec.read_text(encoding="utf-8").replace("project: starter", "project: another")
    text = text.replace("  diabetes:\n    target", "  elsewhere:\n    target")
    text = text.replace("{kind: process}", "{kind: process, folder: ../.mlops/targets/laptop}")
    text = text.replace(str(walk.port), "0")
    (other / "mlops.yaml").write_text(text.replace("port: 0", "port: 65011"), encoding="utf-8")

    plan = walk.run("plan", "-f", "other")

    assert "note: laptop/service/diabetes is of the project `starter`; it is left alone" in plan.out
    assert "Plan: 2 to add, 0 to change, 0 to destroy.\n" in plan.out


def test_a_service_of_a_file_that_was_not_loaded_is_left_alone(walk: Walk) -> None:
    text = walk.spec.read_text(encoding="utf-8").replace(
        "  diabetes:\n    target", "  bee:\n    target"
    )
    second = walk.folder / "second.yaml"
    second.write_text(text.replace(f"port: {walk.port}", "port: 65012"), encoding="utf-8")

    answer = walk.run("plan", "-f", "second.yaml")

    assert "defined in `mlops.yaml`, which was not loaded; it is left alone" in answer.out
    assert "Plan: 1 to add, 0 to change, 0 to destroy.\n" in answer.out


def test_a_target_that_the_file_moves_is_no_drift(walk: Walk) -> None:
    walk.apply()
    walk.edit("mlops.yaml", "{kind: process}", "{kind: process, folder: elsewhere}")

    drift = walk.run("drift")
    planned = walk.plan()

    assert drift.code == 0, drift.out
    assert "not there yet" in planned
    assert "somebody deleted it" not in planned

"""What earlier runs left: a return to what was healthy, a rollback, targets that left the file."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Walk, free_port, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        assert begun.apply().code == 0
        yield begun


def broken(walk: Walk) -> str:
    """Make the script fail in init(); return the line that does it."""
    script = walk.folder / "score" / "score.py"
    line = '\nraise RuntimeError("no model today")\n'
    script.write_text(script.read_text() + line)
    return line


def test_a_change_that_fails_returns_to_what_was_healthy_and_is_held(walk: Walk) -> None:
    before = walk.score()
    broken(walk)

    answer = walk.apply()

    assert answer.code == 7
    assert "RuntimeError: no model today" in answer.err
    assert "returned   ~ laptop/service/diabetes" in answer.out
    assert before == walk.score()
    plan = walk.run("plan")
    assert "laptop/service/diabetes is held at what it was" in plan.out
    assert "No changes." in plan.out
    assert walk.run("drift").code == 0


def test_what_is_held_is_released_by_another_file_or_by_retry(walk: Walk) -> None:
    line = broken(walk)
    walk.apply()

    retried = walk.apply("--retry", "diabetes")
    walk.edit("score/score.py", line, "\n# mended\n")
    mended = walk.apply()

    assert retried.code == 7
    assert "returned" in retried.out
    assert mended.code == 0, mended.err
    walk.settled()


def test_a_held_service_that_dies_is_mended_to_what_it_was(walk: Walk) -> None:
    broken(walk)
    walk.apply()
    for pid in walk.servers():
        os.kill(pid, signal.SIGKILL)

    plan = walk.plan()
    answer = walk.apply()

    assert "process  stopped -> running  drift, restart" in plan
    assert answer.code == 0, answer.err
    assert walk.score()


def test_a_rollback_goes_back_and_the_file_is_held(walk: Walk) -> None:
    walk.edit("mlops.yaml", "stage: dev", "stage: prod")
    walk.apply()

    answer = walk.run("rollback", "--auto-approve")

    assert answer.code == 0, answer.err
    assert "tags.stage  prod -> dev" in answer.out
    assert "it was rolled back" in walk.plan()
    assert walk.apply("--retry", "diabetes").code == 0
    assert "prod" == walk.run("show", "diabetes", "--format", "json").json["fields"]["tags.stage"]


def test_a_rollback_brings_back_the_code_though_the_checkout_has_moved_on(walk: Walk) -> None:
    script = walk.folder / "score" / "score.py"
    script.write_text(script.read_text().replace("return ", "return [0] and ", 1))
    walk.apply()
    moved = walk.run("history", "--format", "json").json

    answer = walk.run("rollback", str(moved[-1]["revision"]), "--auto-approve")

    assert answer.code == 0, answer.err
    assert walk.score()[0] > 100


def test_history_tells_each_run(walk: Walk) -> None:
    walk.edit("mlops.yaml", "stage: dev", "stage: prod")
    walk.apply()

    rows = walk.run("history", "--format", "json").json
    whole = walk.run("history", str(rows[0]["revision"])).out

    assert ["~1", "+3"] == [row["changes"] for row in rows]
    assert ["done", "done"] == [row["result"] for row in rows]
    assert "laptop/service/diabetes  diabetes:1" in whole


def test_a_target_with_another_name_is_a_move(walk: Walk) -> None:
    walk.edit("mlops.yaml", "laptop", "desktop")

    plan = walk.plan()
    refused = walk.apply()
    moved = walk.apply("--allow-deletes", "1")

    assert "+ desktop/service/diabetes" in plan
    assert "- laptop/service/diabetes" in plan
    assert refused.code == 3
    assert moved.code == 0, moved.err
    assert walk.score()
    assert "No changes." in walk.plan()


def test_a_service_moves_to_another_folder_and_the_old_one_is_looked_at_no_more(walk: Walk) -> None:
    port = free_port()
    walk.edit("mlops.yaml", "laptop: {kind: process}", "laptop: {kind: process, folder: away}")
    walk.edit("mlops.yaml", f"port: {walk.port}", f"port: {port}")

    answer = walk.apply("--allow-deletes", "1", "--json")

    assert answer.code == 0, answer.err
    events = [json.loads(line) for line in answer.out.splitlines()]
    ends = [event["address"] for event in events if event["type"] == "done"]
    services = [address for address in ends if "/service/" in address]
    assert ["laptop/service/diabetes", services[1]] == services
    assert services[1].startswith("laptop@")
    assert walk.score(port)
    assert not walk.services.parent.exists()
    told = walk.run("forget", services[1].partition("/")[0])
    assert "targets that were left: none" in told.err
    assert "No changes." in walk.plan()


def test_a_place_that_was_left_empty_is_looked_at_until_the_next_apply(walk: Walk) -> None:
    walk.edit(
        "mlops.yaml", "laptop: {kind: process}", "laptop: {kind: process}\n  spare: {kind: process}"
    )
    walk.edit("mlops.yaml", "stage: dev", "stage: prod")
    assert walk.apply().code == 0
    walk.edit("mlops.yaml", "\n  spare: {kind: process}", "")

    answer = walk.apply()
    before = walk.files()
    again = walk.apply()

    assert (0, 0) == (answer.code, again.code), answer.err
    assert "targets that were left: none" in walk.run("forget", "spare").err
    assert before == walk.files()


def test_a_target_of_a_kind_that_nobody_knows_is_told_until_it_is_forgotten(walk: Walk) -> None:
    (index,) = walk.folder.glob(".mlops/store/revisions/*/1.targets.json")
    record = json.loads(index.read_text())
    stranger = {"name": "moon", "kind": "rocket", "settings": {}}
    later = index.with_name("1.kept.json")
    later.write_text(json.dumps({"targets": [*record["targets"], stranger]}))

    plan = walk.run("plan")
    forgotten = walk.run("forget", "moon")

    assert plan.code == 6
    assert "the target `moon` of an earlier run can't be looked at" in plan.err
    assert "`mlops forget` it" in plan.err
    assert forgotten.code == 0, forgotten.err
    assert "No changes." in walk.plan()


def test_a_rollback_works_from_a_file_that_can_not_be_resolved(walk: Walk) -> None:
    walk.edit("mlops.yaml", "stage: dev", "stage: prod")
    walk.apply()
    (walk.folder / "model" / "coefficients.json").unlink()
    (walk.folder / "model" / "coefficients.json").mkdir(mode=0)

    broken = walk.run("plan")
    answer = walk.run("rollback", "--auto-approve")

    assert broken.code == 1, broken.out
    assert answer.code == 0, answer.err
    assert "tags.stage  prod -> dev" in answer.out
    assert walk.score()


def test_a_target_that_left_is_looked_at_until_it_is_forgotten(walk: Walk) -> None:
    walk.edit("mlops.yaml", "laptop: {kind: process}", "laptop: {kind: process, folder: away}")

    plan = walk.plan()
    unknown = walk.run("forget", "laptop")
    left = plan.split("- laptop@")[1].split("/")[0]
    forgotten = walk.run("forget", f"laptop@{left}")

    assert "+ laptop/service/diabetes" in plan
    assert unknown.code == 1
    assert f"laptop@{left}" in unknown.err
    assert forgotten.code == 0, forgotten.err
    assert "what lives there stays, and nobody looks after it: diabetes" in forgotten.err
    assert "laptop@" not in walk.run("plan").out


def test_a_folder_of_the_users_own_is_never_planned_for(walk: Walk) -> None:
    ours = walk.services.parent
    (ours / "services" / "billing").mkdir()
    (ours / "services" / "billing" / "invoices.txt").write_text("mine")
    (ours / "environments" / "prod").mkdir()
    (ours / "environments" / "prod" / "values.yaml").write_text("mine")

    plan = walk.plan()
    destroyed = walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

    assert "billing is a folder without a mark; it is left alone" in plan
    assert "prod is a folder without a mark; it is left alone" in plan
    assert destroyed.code == 0, destroyed.err
    assert (ours / "services" / "billing" / "invoices.txt").exists()
    assert (ours / "environments" / "prod" / "values.yaml").exists()


def test_the_same_folder_written_otherwise_is_the_same_place(walk: Walk) -> None:
    walk.edit(
        "mlops.yaml",
        "laptop: {kind: process}",
        "laptop: {kind: process, folder: ./.mlops/../.mlops/targets/laptop}",
    )

    plan = walk.plan()

    assert "No changes." in plan


def test_a_run_of_a_part_is_no_revision_without_the_rest(walk: Walk) -> None:
    walk.add_service("second", free_port())
    assert walk.apply().code == 0
    walk.edit("mlops.yaml", "stage: dev", "stage: prod")
    walk.apply("--target", "diabetes")

    rows = walk.run("history", "--format", "json").json
    rolled = walk.run("rollback", str(rows[0]["revision"]), "--auto-approve")

    assert rolled.code == 0, rolled.err
    assert "destroy" not in rolled.out.replace("0 to destroy", "")
    assert 2 == len(walk.servers())


def test_what_the_machine_refuses_is_told_and_the_rest_is_done(walk: Walk) -> None:
    walk.run("destroy", "--auto-approve", "--allow-deletes", "1")
    walk.services.parent.parent.mkdir(parents=True)
    walk.services.parent.write_text("a file where a folder belongs")

    answer = walk.apply()

    assert answer.code in (6, 7)
    assert "this machine refused" in answer.err
    assert "Traceback" not in answer.err

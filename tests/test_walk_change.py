"""The file changes: the plan names the field and its impact, apply changes that and no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Walk, free_port, walking

METADATA = (
    ("    port:", "    description: of patients\n    port:", "description  (none) -> "),
    ("stage: dev", "stage: prod", "tags.stage   dev -> prod"),
    ("    port:", "    protect: true\n    port:", "protect      (none) -> true"),
)
ROLLING = (
    ("    port:", "    serving: {timeout: 10s}\n    port:", "serving.timeout"),
    (
        "    requirements:",
        "    environment_variables: {LEVEL: info}\n    requirements:",
        "environment_variables.LEVEL",
    ),
)


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        assert begun.apply().code == 0
        yield begun


def test_metadata_restarts_nothing(walk: Walk) -> None:
    servers = walk.servers()
    for old, new, _ in METADATA:
        walk.edit("mlops.yaml", old, new)

    plan = walk.plan()
    answer = walk.apply()

    for _, _, line in METADATA:
        assert line in plan
    assert plan.count("config, metadata\n") == len(METADATA)
    assert "metadata: nothing restarts\n" in plan
    assert "Plan: 0 to add, 1 to change, 0 to destroy.\n" in plan
    assert answer.code == 0, answer.err
    assert servers == walk.servers()
    walk.settled()


def test_new_settings_start_new_workers_and_leave_the_rest(
    walk: Walk,
) -> None:
    environment = walk.environment.stat()
    servers = walk.servers()
    workers = walk.record()["worker_pids"]
    for old, new, _ in ROLLING:
        walk.edit("mlops.yaml", old, new)

    plan = walk.plan()
    answer = walk.apply()

    for _, _, path in ROLLING:
        assert path in plan
    assert plan.count("config, rolling\n") == len(ROLLING)
    assert answer.code == 0, answer.err
    assert servers == walk.servers()
    assert workers != walk.record()["worker_pids"]
    assert environment == walk.environment.stat()
    walk.settled()


def test_a_port_moves_the_service(walk: Walk) -> None:
    port = free_port()
    walk.edit("mlops.yaml", f"port: {walk.port}", f"port: {port}")

    plan = walk.plan()

    assert f"port  {walk.port} -> {port}  config, restart\n" in plan
    assert walk.apply().code == 0
    assert [205.826] == pytest.approx(walk.score(port), abs=0.001)
    walk.settled()


def test_the_entry_script_is_code(walk: Walk) -> None:
    environment = walk.environment.stat()
    walk.edit("score/score.py", "import json\n", "import json  # more\n")

    plan = walk.plan()

    assert "the code changed\n" in plan
    assert "  code, rolling\n" in plan
    assert walk.apply().code == 0
    assert environment == walk.environment.stat()
    walk.settled()


def test_another_model_is_version_2_and_the_old_content_is_version_1_again(walk: Walk) -> None:
    environment = walk.environment.stat()
    old, new = '"intercept": -199.0694', '"intercept": -199.0695'
    walk.edit("model/coefficients.json", old, new)

    plan = walk.plan()

    assert "version 2, 189 B, 1 file; not there yet\n" in plan
    assert "models.diabetes  diabetes:1 -> diabetes:2  model, rolling\n" in plan
    assert "Plan: 1 to add, 1 to change, 0 to destroy.\n" in plan
    assert walk.run("drift").code == 0
    assert walk.apply().code == 0
    assert environment == walk.environment.stat()

    walk.edit("model/coefficients.json", new, old)
    plan = walk.plan()

    assert "models.diabetes  diabetes:2 -> diabetes:1  model, rolling\n" in plan
    assert "Plan: 0 to add, 1 to change, 0 to destroy.\n" in plan
    assert walk.apply().code == 0
    models = walk.run("models", "list", "--format", "json").json
    assert [model["model"] for model in models] == ["diabetes:1", "diabetes:2"]
    walk.settled()


def test_a_tag_of_a_model_touches_no_service(walk: Walk) -> None:
    servers = walk.servers()
    walk.edit("mlops.yaml", "    path: model", "    tags: {reviewed: yes please}\n    path: model")

    plan = walk.plan()

    assert "tags.reviewed" in plan
    assert "Plan: 0 to add, 1 to change, 0 to destroy.\n" in plan
    assert walk.apply().code == 0
    assert servers == walk.servers()
    walk.settled()


def test_a_requirement_makes_another_environment_and_removes_the_old_one(walk: Walk) -> None:
    old = walk.environment
    (walk.folder / "score" / "requirements.txt").write_text("six==1.17.0\n")
    walk.edit("score/score.py", "import json\n", "import json\nimport six\n")

    plan = walk.plan()

    assert ", 1 requirement; not there yet\n" in plan
    assert "  environment, rolling\n" in plan
    assert f"- laptop/environment/{old.name}  nothing needs it\n" in plan
    answer = walk.apply()
    if "package index" in answer.err:
        pytest.skip("no package index answers")
    assert answer.code == 0, answer.err
    assert old != walk.environment
    assert [205.826] == pytest.approx(walk.score(), abs=0.001)
    walk.settled()


def test_what_somebody_edits_while_an_apply_runs_is_refused_by_name(walk: Walk) -> None:
    walk.add_service("extra", free_port())
    walk.apply()
    victim = walk.services / "extra" / "settings.json"
    script = walk.folder / "score" / "score.py"
    meddling = (
        "\n\nif Path.cwd().parents[1].name == 'diabetes':\n"
        f"    _file = Path({str(victim)!r})\n"
        "    _file.write_text(_file.read_text().replace('\"queue\": 100', '\"queue\": 99'))\n"
    )
    script.write_text(script.read_text(encoding="utf-8") + meddling, encoding="utf-8")

    answer = walk.apply("--parallelism", "1")

    words = "`laptop/service/extra` was changed by somebody (`serving.queue`) since the plan"
    assert answer.code == 7, answer.out + answer.err
    assert f"{words} was made; it is left as it is\n" in answer.err
    assert "done      ~ laptop/service/diabetes" in answer.out
    assert '"queue": 99' in victim.read_text(encoding="utf-8")

"""What earlier runs changed, and which services, deployments and runs use a model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from checkouts import alone, git
from walk import Walk, walking


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    alone(tmp_path, monkeypatch)
    with walking(tmp_path) as begun:
        git(begun.folder, "init", "-q", "-b", "main")
        git(begun.folder, "add", "-A")
        git(begun.folder, "commit", "-q", "-m", "first")
        assert begun.apply().code == 0
        yield begun


def moved(walk: Walk) -> None:
    """Apply another model and another tag, from a dirty tree."""
    file = walk.folder / "model" / "coefficients.json"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    walk.edit("mlops.yaml", "stage: dev}", "stage: prod}\n    cors: {origins: [https://a.example]}")
    assert walk.apply("--allow-branch").code == 0


def test_a_revision_tells_who_when_and_each_field_against_what_was_applied(walk: Walk) -> None:
    moved(walk)
    commit = git(walk.folder, "rev-parse", "HEAD")

    told = walk.run("show", "2", "--format", "json").json
    text = walk.run("show", "2").out
    same = walk.run("history", "2").out

    assert (2, "done", commit, True, "main") == (
        told["revision"],
        told["result"],
        told["lineage"]["commit"],
        told["lineage"]["dirty"],
        told["lineage"]["branch"],
    )
    assert {"store/model/diabetes": "+", "laptop/service/diabetes": "~"} == told["changes"]
    fields = {
        (row["address"], row["field"]): (row["before"], row["after"]) for row in told["fields"]
    }
    service = "laptop/service/diabetes"
    assert ("dev", "prod") == fields[service, "tags.stage"]
    assert ("diabetes:1", "diabetes:2") == fields[service, "models.diabetes"]
    assert (None, ["https://a.example"]) == fields[service, "cors.origins"]
    assert f"{service}  tags.stage" in text
    assert text == same


def test_a_part_of_a_nested_value_is_told_alone(walk: Walk) -> None:
    moved(walk)
    walk.edit("mlops.yaml", "[https://a.example]", "[https://a.example, https://b.example]")
    assert walk.apply("--allow-branch").code == 0

    rows = walk.run("show", "3", "--format", "json").json["fields"]

    assert [("cors.origins[1]", None, "https://b.example")] == [
        (row["field"], row["before"], row["after"]) for row in rows
    ]


def test_history_comes_in_every_format(walk: Walk) -> None:
    moved(walk)

    rows = walk.run("history", "--format", "json").json
    page = walk.run("history", "--format", "markdown").out
    whole = walk.run("show", "2", "--format", "markdown").out

    assert [2, 1] == [row["revision"] for row in rows]
    assert ["+1 ~1", "+3"] == [row["changes"] for row in rows]
    assert page.startswith("<table><tr><th>revision<th>at")
    assert "<tr><td><code>2</code>" in page
    assert "tags.stage" in whole


def test_a_model_tells_who_uses_it_now_in_the_file_and_in_the_past(walk: Walk) -> None:
    moved(walk)

    old = walk.run("models", "show", "diabetes:1", "--format", "json").json
    new = walk.run("models", "show", "diabetes:2", "--format", "json").json
    listed = walk.run("models", "list", "--format", "json").json

    assert ([], [], [1]) == (
        old["services"],
        old["deployments"],
        [row["revision"] for row in old["revisions"]],
    )
    assert (["laptop/service/diabetes"], ["diabetes"], [2]) == (
        new["services"],
        new["deployments"],
        [row["revision"] for row in new["revisions"]],
    )
    assert [[], ["laptop/service/diabetes"]] == [row["used_by"] for row in listed]


def test_what_can_not_be_looked_at_is_said_and_the_rest_is_told(walk: Walk) -> None:
    (walk.folder / "score" / "score.py").unlink()

    told = walk.run("models", "show", "diabetes:1", "--format", "json").json

    assert ["laptop/service/diabetes"] == told["services"]
    assert "what the file wants: " in told["not_known"][0]


def test_a_revision_that_is_not_there_is_refused(walk: Walk) -> None:
    answer = walk.run("show", "7")

    assert 6 == answer.code
    assert "has no revision 7" in answer.err

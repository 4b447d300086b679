"""A user keeps a secret: where it lives stands in the file, and its value is shown to nobody."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Answer, Walk, walking

VALUE = "planted-value-of-the-first-secret"
OTHER = "planted-value-of-the-next-secret"

VARIABLES = "    environment_variables: {LEVEL: info, TOKEN: {secret: env/TOKEN}}\n"

SCRIPT = """
import hashlib
import os


def init():
    pass


def run(data):
    return [hashlib.sha256(os.environ["TOKEN"].encode()).hexdigest(), os.environ["LEVEL"]]
"""


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        begun.edit(
            "mlops.yaml",
            "    requirements:",
            VARIABLES + "    requirements:",
        )
        text = begun.spec.read_text(encoding="utf-8")
        begun.spec.write_text(text.partition("    checks:")[0], encoding="utf-8")
        (begun.folder / "score" / "score.py").write_text(SCRIPT, encoding="utf-8")
        yield begun


def apply(walk: Walk, value: str, *words: str) -> Answer:
    return walk.run("apply", "--auto-approve", *words, environ={"TOKEN": value})


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def holders(walk: Walk, value: str) -> list[str]:
    """Return the files below the folder that hold a value."""
    return [
        str(path.relative_to(walk.instance))
        for path in walk.folder.rglob("*")
        if path.is_file() and value.encode() in path.read_bytes()
    ]


def test_a_secret_reaches_the_service_and_nothing_else(walk: Walk) -> None:
    planned = walk.run("plan")
    applied = apply(walk, VALUE)
    again = walk.run("plan")
    said = [
        planned,
        applied,
        again,
        walk.run("plan", "--format", "json"),
        walk.run("show", "diabetes"),
        walk.run("show", "diabetes", "--format", "json"),
        walk.run("drift", "--format", "json"),
        walk.run("history", "1", "--format", "json"),
        walk.run("logs", "diabetes"),
    ]

    assert [answer.code for answer in said] == [0] * len(said), said
    assert walk.score() == [digest(VALUE), "info"]
    assert [answer for answer in said if VALUE in answer.out + answer.err] == []
    (held,) = holders(walk, VALUE)
    assert held.startswith("secrets/")
    assert (walk.instance / held).stat().st_mode & 0o777 == 0o600
    assert again.out == (
        "note: laptop/service/diabetes environment_variables.TOKEN: secret: compared at apply\n\n"
        "No changes. The live world is what the file says.\n"
    )


def test_another_value_is_found_by_apply_alone(walk: Walk) -> None:
    apply(walk, VALUE)
    before = walk.record()

    same = apply(walk, VALUE)
    other = apply(walk, OTHER)

    assert (same.code, same.out) == (0, "No changes. The live world is what the file says.\n")
    assert other.code == 0, other.err
    assert "  ~ laptop/service/diabetes  a secret has another value\n" in other.out
    assert "        secret env/TOKEN -> another value" in other.out
    assert walk.score() == [digest(OTHER), "info"]
    assert walk.record()["pid"] == before["pid"]
    assert (holders(walk, VALUE), len(holders(walk, OTHER))) == ([], 1)


def test_another_place_is_a_change_that_the_plan_shows(walk: Walk) -> None:
    apply(walk, VALUE)
    walk.edit("mlops.yaml", "env/TOKEN", "file/token")
    (walk.folder / "token").write_text(VALUE + "\n", encoding="utf-8")

    planned = walk.plan()
    applied = walk.apply()

    assert "        secret env/TOKEN -> secret file/token" in planned
    assert applied.code == 0, applied.err
    assert walk.score() == [digest(VALUE), "info"]


def test_a_secret_that_is_missing_is_told_before_anything_is_touched(walk: Walk) -> None:
    answer = walk.apply()

    assert answer.code == 6
    assert "error: the secret `env/TOKEN` is not there: the variable is not set\n" in answer.err
    assert not walk.services.exists()


def test_a_file_of_secrets_that_somebody_edits_is_drift(walk: Walk) -> None:
    apply(walk, VALUE)
    (held,) = holders(walk, VALUE)
    file = walk.instance / held
    file.write_text(json.dumps({"values": {"TOKEN": OTHER}}), encoding="utf-8")

    drift = walk.run("drift")
    mended = apply(walk, VALUE)

    assert drift.code == 8
    assert "  ~ laptop/service/diabetes  somebody changed it\n" in drift.out
    assert "        secret env/TOKEN -> edited\n" in drift.out
    assert mended.code == 0, mended.err
    assert len(holders(walk, VALUE)) == 1


def test_what_fails_with_a_secret_does_not_tell_it(walk: Walk) -> None:
    script = walk.folder / "score" / "score.py"
    script.write_text(
        'import os\ndef init():\n    raise SystemExit("no " + os.environ["TOKEN"])\n'
        "def run(data):\n    return data\n",
        encoding="utf-8",
    )

    answer = apply(walk, VALUE)
    events = apply(walk, VALUE, "--json")

    assert (answer.code, events.code) == (7, 7)
    assert "SystemExit: no ***" in answer.err + answer.out
    assert VALUE not in answer.out + answer.err + events.out + events.err

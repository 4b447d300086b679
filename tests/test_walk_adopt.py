"""What somebody did is written into the file that defines it; then nothing is left to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import NO_CHANGES, Walk, free_port, kill, walking

DRIFT = "No drift. The live world is what was applied.\n"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        begun.edit("mlops.yaml", "stage: dev}", "stage: dev, team: x}  # who pays")
        yield begun


def told(walk: Walk, name: str = "diabetes", **fields: str | bool | None) -> None:
    """Change metadata of a live service behind everybody's back; None takes it away."""
    file = walk.services / name / "mark.json"
    mark = json.loads(file.read_text(encoding="utf-8"))
    changed = {**mark["fields"], **{key.replace("__", "."): item for key, item in fields.items()}}
    mark["fields"] = {key: item for key, item in changed.items() if item is not None}
    file.write_text(json.dumps(mark), encoding="utf-8")


def lines(walk: Walk, before: str) -> tuple[list[str], list[str]]:
    """Return the lines of the spec that went, and those that came."""
    old, new = before.splitlines(), walk.spec.read_text(encoding="utf-8").splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_what_is_adopted_is_in_the_file_and_nothing_is_left_to_do(walk: Walk) -> None:
    assert walk.apply().code == 0
    before = walk.spec.read_text(encoding="utf-8")
    told(walk, tags__stage="prod", tags__team=None, tags__cost="7", protect=True)
    told(walk, description="by hand: yes")

    answer = walk.run("drift", "--adopt")

    assert 0 == answer.code, answer.out + answer.err
    assert "mlops.yaml: tags.stage of laptop/service/diabetes  dev -> prod\n" in answer.out
    assert "Adopted: 5 fields. `git diff` shows it.\n" in answer.out
    assert (
        ["    tags: {stage: dev, team: x}  # who pays"],
        [
            '    tags: {stage: prod, cost: "7"}  # who pays',
            "    protect: true",
            '    description: "by hand: yes"',
        ],
    ) == lines(walk, before)
    assert NO_CHANGES == walk.plan()
    assert (0, DRIFT) == (walk.run("drift").code, walk.run("drift").out)


def test_what_no_file_says_is_refused_and_the_rest_is_adopted(walk: Walk) -> None:
    assert walk.apply().code == 0
    told(walk, tags__stage="prod")
    (server,) = walk.servers()
    kill(server)

    answer = walk.run("drift", "--adopt", "diabetes")

    assert 3 == answer.code
    assert "Adopted: 1 field." in answer.out
    assert "`process` of `laptop/service/diabetes` is how a process stands" in answer.err
    assert "hint: `mlops apply` starts it again" in answer.err
    assert "process  stopped -> running  drift" in walk.plan()


def test_only_what_is_named_is_adopted_each_in_its_file_with_its_line_ends(walk: Walk) -> None:
    port, other = free_port(), walk.folder / "other.yaml"
    other.write_bytes(
        b"version: 1\r\n\r\ndeployments:\r\n  second: # two\r\n    target: laptop\r\n"
        b"    models: [diabetes]\r\n    inference: score\r\n    port: %d\r\n" % port
    )
    both = ("-f", "mlops.yaml", "-f", "other.yaml")
    assert walk.apply(*both).code == 0
    before, raw = walk.spec.read_text(encoding="utf-8"), other.read_bytes()
    told(walk, tags__stage="prod")
    told(walk, "second", tags__team="b", description="new")

    wrong = walk.run("drift", *both, "--adopt", "secnd")
    answer = walk.run("drift", *both, "--adopt", "second")

    assert 1 == wrong.code
    assert "did you mean `second`?" in wrong.err
    assert 0 == answer.code, answer.err
    assert before == walk.spec.read_text(encoding="utf-8")
    assert raw + b"    tags: {team: b}\r\n    description: new\r\n" == other.read_bytes()
    assert "Drift: 1 of 2 services differs" in walk.run("drift", *both).out


def test_a_value_that_a_variable_gives_is_refused_by_its_name(walk: Walk) -> None:
    walk.edit("mlops.yaml", "stage: dev", 'stage: "${var.stage}"')
    walk.edit("mlops.yaml", "version: 1", "version: 1\nvariables: {stage: {default: dev}}")
    assert walk.apply().code == 0
    before = walk.spec.read_bytes()
    told(walk, tags__stage="prod")

    answer = walk.run("drift", "--adopt")

    assert 3 == answer.code
    assert "comes from the variable `stage`" in answer.err
    assert "`--var stage=…`" in answer.err
    assert before == walk.spec.read_bytes()


def test_what_would_not_settle_or_load_is_put_back(walk: Walk) -> None:
    assert walk.apply().code == 0
    before = walk.spec.read_bytes()
    settings = walk.instance / "settings.json"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"queue": 100', '"queue": 0'), encoding="utf-8")

    answer = walk.run("drift", "--adopt")

    assert 1 == answer.code
    assert "`queue` must be between 1 and 10000, not 0" in answer.err
    assert before == walk.spec.read_bytes()


def test_words_without_adopt_are_refused(walk: Walk) -> None:
    answer = walk.run("drift", "diabetes")

    assert (1, "error: `diabetes` goes with `--adopt`\nhint: or use `--target`\n") == (
        answer.code,
        answer.err,
    )

"""What is wrong, in the format and the colour that the command was given."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Walk, walking

from mlops.apply import PARALLELISM
from mlops.cli.apply import command as apply


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def test_validate_in_json_names_the_files_and_the_deployments(walk: Walk) -> None:
    answer = walk.run("validate", "--format", "json")

    assert (0, "") == (answer.code, answer.err)
    assert {"files": ["mlops.yaml"], "deployments": ["diabetes"]} == answer.json


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "status"])
def test_problems_are_told_in_the_format_that_was_asked_for(walk: Walk, command: str) -> None:
    walk.edit("mlops.yaml", "    target: laptop", "    target: lapto\n    prot: 1")

    answer = walk.run(command, "--format", "json")

    told = json.loads(answer.err)
    assert (1, "") == (answer.code, answer.out)
    assert {5} == {len(told["problems"][0]["where"])}
    assert 2 == len(told["problems"])


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--format", "json", "extra"),
        ("plan", "extra", "--format=json"),
        ("show", "nope", "--format", "json"),
        ("show", "diabetes", "--format", "json"),
        ("models", "show", "nope", "--format", "json"),
    ],
    ids=" ".join,
)
def test_a_command_that_is_wrong_is_told_in_its_format(walk: Walk, words: tuple[str, ...]) -> None:
    answer = walk.run(*words)

    (problem,) = json.loads(answer.err)["problems"]
    assert answer.code in (1, 6)
    assert problem["summary"]
    assert answer.out == ""


def test_problems_have_the_colour_that_was_asked_for(walk: Walk) -> None:
    asked = walk.run("plan", "-f", "nowhere", "--color")
    refused = walk.run("plan", "-f", "nowhere", "--no-color", environ={"FORCE_COLOR": "1"})

    assert "\x1b[" in asked.err
    assert "\x1b[" not in refused.err


def test_as_many_changes_run_as_apply_says() -> None:
    (option,) = (each for each in apply.params if each.name == "parallelism")

    assert PARALLELISM == option.default

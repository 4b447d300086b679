"""What code scanning reads, held against the schema of SARIF 2.1.0 (OASIS, without its prose)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make
import pytest
import samples
from jsonschema import Draft4Validator

from mlops.values import Action
from mlops.views.paper import Paper
from mlops.views.sarif import SarifView

Golden = Callable[[str, str], None]

SCHEMA = Path(__file__).with_name("sarif-2.1.0.schema.json")


@pytest.fixture(scope="module")
def judge() -> Draft4Validator:
    return Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def view(root: str = "") -> SarifView:
    return SarifView(Paper(root=root))


def run(log: str) -> Any:
    return json.loads(log)["runs"][0]


def test_a_problem_is_a_result_with_its_line(golden: Golden, judge: Draft4Validator) -> None:
    shown = view().problems(samples.two_problems())

    golden("problems.sarif", shown)
    assert [] == list(judge.iter_errors(json.loads(shown)))


def test_every_log_keeps_the_schema(judge: Draft4Validator) -> None:
    moved = make.desired("laptop/service/moved", where=make.where(line=3, text="  moved:"))
    plan = make.plan(
        samples.delete(), make.change("laptop/service/moved", Action.REPLACE, after=moved)
    )
    nowhere = make.problem(where=make.where(file="a b%.yaml", line=0, column=0))
    logs = [
        view().plan(plan),
        view().drift(samples.drift()),
        view().drift(samples.agreed_drift()),
        view().problems([nowhere, make.problem()]),
        view().report(make.report(make.failed())),
        view().rows([{}]),
        view().record({}),
    ]

    assert [] == [error.message for log in logs for error in judge.iter_errors(json.loads(log))]


def test_the_schema_would_find_a_mistake(judge: Draft4Validator) -> None:
    log = json.loads(view().problems(samples.two_problems()))
    log["runs"][0]["results"][0]["level"] = "fatal"

    assert [error.validator for error in judge.iter_errors(log)] == ["enum"]


def test_what_has_no_place_is_a_notification() -> None:
    found = run(view().problems([make.problem("the store is gone", hint="look")]))

    assert [] == found["results"]
    (told,) = found["invocations"][0]["toolExecutionNotifications"]
    assert "the store is gone\nlook" == told["message"]["text"]


def test_files_are_named_from_the_root_of_the_checkout() -> None:
    problem = make.problem(where=make.where(file="/checkout/a b/mlops.yaml"))

    (result,) = run(view("/checkout").problems([problem]))["results"]

    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert {"uri": "a%20b/mlops.yaml", "uriBaseId": "%SRCROOT%"} == place


def test_a_plan_warns_of_what_is_lost() -> None:
    moved = make.desired("laptop/service/moved", where=make.where(line=3))
    plan = make.plan(make.change("laptop/service/moved", Action.REPLACE, after=moved))

    (result,) = run(view().plan(plan))["results"]

    assert ("loss", "warning") == (result["ruleId"], result["level"])

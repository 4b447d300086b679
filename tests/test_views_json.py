"""What programs read; tests/golden holds the exact documents."""

from collections.abc import Callable

import make
import pytest
import samples

from mlops.values import Plan
from mlops.views.json import JsonView

Golden = Callable[[str, str], None]


@pytest.mark.parametrize(
    ("name", "plan"), [("first", samples.first_plan()), ("update", make.plan(samples.update()))]
)
def test_a_plan_is_a_document(name: str, plan: Plan, golden: Golden) -> None:
    golden(f"plan_{name}.json", JsonView().plan(plan))


def test_drift_is_a_document(golden: Golden) -> None:
    golden("drift.json", JsonView().drift(samples.drift()))
    golden("drift_agreed.json", JsonView().drift(samples.agreed_drift()))


def test_problems_are_a_document(golden: Golden) -> None:
    golden("problems.json", JsonView().problems(samples.two_problems()))


def test_events_are_a_json_line_each(golden: Golden) -> None:
    endpoint = make.done(endpoint="http://127.0.0.1:8890/score")

    golden(
        "events.jsonl",
        "".join(JsonView().event(item) for item in (*samples.failed_events(), endpoint)),
    )


def test_a_report_is_a_document(golden: Golden) -> None:
    golden("report.json", JsonView().report(make.report(make.done(), make.skipped())))

"""A plan as something to agree to: what its digest covers, and what another plan is told by."""

from typing import Any

import make
import pytest
from make import MODEL, SERVICE
from msgspec.structs import replace

from mlops.errors import SpecError
from mlops.plain import freeze
from mlops.planfile import (
    Agreed,
    agreed,
    agreed_of,
    agreed_record,
    beyond,
    differences,
    moved,
    plan_digest,
    plan_document,
    read_plan,
)
from mlops.selection import Selection
from mlops.values import Action, Change, Impact, Plan
from mlops.views.json import to_json

LAPTOP = freeze({"laptop": "/targets/laptop", "store": "/store"})


def update(**given: Any) -> Change:
    """Return a service that gets another port."""
    defaults: dict[str, Any] = {
        "action": Action.UPDATE,
        "before": make.observed(fields={"port": 1}),
        "after": make.desired(fields={"port": 2}),
        "impact": Impact.RESTART,
    }
    return make.change(**{**defaults, **given})


def planned(*changes: Change, **given: Any) -> Plan:
    return make.plan(*changes, **{"identities": LAPTOP, **given})


def test_the_digest_is_64_hex_digits_and_stays_the_same() -> None:
    digests = {plan_digest(planned(update())) for _ in range(3)}

    assert len(digests) == 1
    assert len(digests.pop()) == 64


def test_the_order_of_the_changes_is_no_part_of_the_digest() -> None:
    one, other = update(), make.change(MODEL)

    assert plan_digest(planned(one, other)) == plan_digest(planned(other, one))


@pytest.mark.parametrize(
    "same",
    [
        update(reason="said in other words", downtime="a while"),
        update(before=make.observed(fields={"port": 1}, identity="pid 77", since="today")),
        update(after=make.desired(fields={"port": 2}, labels={"port": "two"}, summary="other")),
        update(after=make.desired(fields={"port": 2}, inputs={"file": "elsewhere.yaml"})),
    ],
    ids=["words", "live identity", "labels", "inputs"],
)
def test_the_digest_leaves_out(same: Change) -> None:
    assert plan_digest(planned(update())) == plan_digest(planned(same))


@pytest.mark.parametrize(
    "other",
    [
        update(action=Action.REPLACE),
        update(impact=Impact.ROLLING),
        update(before=make.observed(fields={"port": 3})),
        update(after=make.desired(fields={"port": 3})),
        update(after=make.desired(fields={"port": 2}, protect=True)),
        make.change("lab/service/diabetes", action=Action.UPDATE),
    ],
    ids=["action", "impact", "before", "after", "protect", "address"],
)
def test_the_digest_covers(other: Change) -> None:
    assert plan_digest(planned(update())) != plan_digest(planned(other))


def test_the_digest_covers_the_project_and_the_place_itself() -> None:
    elsewhere = planned(update(), identities=freeze({"laptop": "/elsewhere"}))

    assert plan_digest(planned(update())) != plan_digest(elsewhere)
    assert plan_digest(planned(update())) != plan_digest(planned(update(), project="other"))


def test_a_tag_that_tells_the_commit_is_no_part_of_the_digest() -> None:
    one, other = (
        update(after=make.desired(fields={"port": 2, "tags.sha": sha}, loose=("tags.sha",)))
        for sha in ("abc", "def")
    )

    assert plan_digest(planned(one)) == plan_digest(planned(other))


def test_what_is_kept_is_no_part_of_the_digest() -> None:
    kept = make.change(MODEL, action=Action.KEEP)

    assert plan_digest(planned(update())) == plan_digest(planned(update(), kept))


def test_each_item_that_differs_is_named() -> None:
    old = agreed(planned(update(), make.change(MODEL)))
    new = agreed(planned(update(after=make.desired(fields={"port": 3}))))

    assert [
        f"`{SERVICE}`: it would become something else than what was agreed to",
        f"`{MODEL}`: `+` was agreed to, and there is nothing to do any more",
    ] == [problem.summary for problem in differences(old, new)]


def test_an_item_that_nobody_agreed_to_is_named() -> None:
    old, new = agreed(planned()), agreed(planned(update()))

    assert [f"`{SERVICE}`: `~` was not in the plan that was agreed to"] == [
        problem.summary for problem in differences(old, new)
    ]


def test_another_live_object_under_the_same_name_has_moved() -> None:
    old = agreed(planned(update(before=make.observed(fields={"port": 1}, identity="pid 1"))))
    new = agreed(planned(update(before=make.observed(fields={"port": 1}, identity="pid 2"))))

    assert () == differences(old, new)
    assert [f"`{SERVICE}` moved since it was planned: it is another object"] == [
        problem.summary for problem in moved(old, new)
    ]


def test_what_only_moved_is_told_once() -> None:
    old = agreed(planned(update(before=make.observed(fields={"port": 1}, identity="pid 1"))))
    new = agreed(planned(update(before=make.observed(fields={"port": 7}, identity="pid 1"))))

    assert () == differences(old, new)
    assert [f"`{SERVICE}` moved since it was planned: its fields changed"] == [
        problem.summary for problem in moved(old, new)
    ]


def part(whole: Agreed, address: str) -> Agreed:
    return replace(whole, items=tuple(item for item in whole.items if item.address == address))


def test_a_part_of_what_was_agreed_to_is_within_it() -> None:
    whole = agreed(planned(update(), make.change(MODEL)))

    assert () == beyond(whole, part(whole, SERVICE))


def test_a_create_that_was_cut_short_may_end_as_an_update() -> None:
    after = make.desired(fields={"port": 2})
    old = agreed(planned(make.change(action=Action.CREATE, after=after)))
    new = agreed(planned(update(after=after)))

    assert () == beyond(old, new)


@pytest.mark.parametrize("action", [Action.REPLACE, Action.DELETE])
def test_nothing_stronger_than_what_was_agreed_to_is_within_it(action: Action) -> None:
    after = None if action is Action.DELETE else make.desired(fields={"port": 2})
    old = agreed(planned(update()))
    new = agreed(planned(update(action=action, after=after)))

    assert 1 == len(beyond(old, new))


def test_another_end_than_what_was_agreed_to_goes_beyond_it() -> None:
    old = agreed(planned(update()))
    new = agreed(planned(update(after=make.desired(fields={"port": 3}))))

    assert [f"`{SERVICE}`: it would become something else than what was agreed to"] == [
        problem.summary for problem in beyond(old, new)
    ]


def test_a_worse_impact_than_what_was_agreed_to_goes_beyond_it() -> None:
    old = agreed(planned(update(impact=Impact.METADATA)))
    new = agreed(planned(update(impact=Impact.RESTART)))

    assert 1 == len(beyond(old, new))
    assert () == beyond(new, old)


def test_a_plan_goes_to_a_file_and_comes_back() -> None:
    plan = planned(update(), make.change(MODEL))
    chosen = Selection(targets=("laptop",), exclude=("x",))

    text = to_json(plan_document(plan, chosen, {"commit": "abc"}))

    assert ("quickstart", agreed(plan), chosen) == read_plan(text, "plan.json")


def test_a_record_of_what_was_agreed_to_comes_back() -> None:
    whole = agreed(planned(update()))

    assert whole == agreed_of(agreed_record(whole))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": 99}', "\x00", "[" * 99999])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(SpecError) as refused:
        read_plan(text, "plan.json")

    assert "`plan.json` is no plan of this version" == refused.value.problems[0].summary


def test_what_only_apply_can_compare_of_a_secret_is_outside_the_digest() -> None:
    port = make.field_change()
    token = make.field_change(
        "environment_variables.TOKEN", before={"secret": "env/A"}, after={"secret": "env/A"}
    )
    fields = freeze({"port": 2, "environment_variables.TOKEN": {"secret": "env/A"}})
    read = freeze({**fields, "environment_variables.TOKEN": {"secret": "env/A", "identity": "x"}})
    unread = update(fields=(port,), after=make.desired(fields=fields), impact=Impact.RESTART)
    compared = update(fields=(port, token), after=make.desired(fields=read))
    alone = update(fields=(token,), after=make.desired(fields=read))

    assert plan_digest(planned(unread)) == plan_digest(planned(compared))
    assert plan_digest(planned(alone)) == plan_digest(planned())

"""The planner, as the table in scenarios/planner.yaml."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import make
import pytest
import yaml

from mlops.drift import drifted
from mlops.errors import SpecError, Where
from mlops.plain import fingerprint
from mlops.plan import notes, plan
from mlops.protocols import Means
from mlops.values import (
    Action,
    Address,
    Applied,
    Change,
    Desired,
    Health,
    Impact,
    Observed,
    Ownership,
    Plan,
    Progress,
)

SCENARIOS = yaml.safe_load((Path(__file__).parent / "scenarios" / "planner.yaml").read_text())


class Nowhere:
    """A place that only says what a change costs."""

    impact: ClassVar[Mapping[str, Impact]] = {"tags": Impact.METADATA, "region": Impact.REPLACE}
    downtime: ClassVar[Mapping[Impact, str]] = {Impact.RESTART: "no answers for {outage}"}
    settle: ClassVar[float] = 0.0
    identity = "nowhere"

    def observe(self, wanted: Iterable[Desired]) -> Iterable[Observed]:
        raise NotImplementedError

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        raise NotImplementedError

    def health(self, address: Address) -> Health:
        raise NotImplementedError


PLACES = {"here": Nowhere(), "store": Nowhere()}


def address(text: str) -> Address:
    place, kind, name = text.split("/")
    return Address(place=place, kind=kind, name=name)


def desired(scenario: dict[str, Any]) -> list[Desired]:
    where = Where(file="mlops.yaml", line=1, column=1)
    return [
        Desired(
            address=address(name),
            fields=given["fields"],
            needs=tuple(address(need) for need in given.get("needs", ())),
            claims=dict.fromkeys(given.get("claims", ()), where),
        )
        for name, given in scenario.get("desired", {}).items()
    ]


def observed(scenario: dict[str, Any]) -> list[Observed]:
    return [
        Observed(
            address=address(name),
            fields=given.get("fields", {}),
            identity="1",
            needs=tuple(address(need) for need in given.get("needs", ())),
            claims=tuple(given.get("claims", ())),
            ownership=Ownership(given.get("ownership", "ours")),
            state=given.get("state", ""),
        )
        for name, given in scenario.get("observed", {}).items()
    ]


def applied(scenario: dict[str, Any]) -> dict[Address, Applied]:
    return {
        address(name): Applied(
            address=address(name),
            hashes={path: fingerprint(value) for path, value in fields.items()},
            revision=1,
        )
        for name, fields in scenario.get("applied", {}).items()
    }


def changes(scenario: dict[str, Any]) -> tuple[Change, ...]:
    return plan(desired(scenario), observed(scenario), applied(scenario), PLACES)


@pytest.mark.parametrize(("cost", "words"), [(2.46, "about 2.5 s"), (0.0, "some seconds")])
def test_a_restart_is_said_to_take_what_the_last_one_took(cost: float, words: str) -> None:
    thing, live = make.desired("here/service/a"), make.observed("here/service/a", fields={"x": 1})
    before = {thing.address: make.applied(thing.address, outage=cost)}

    (found,) = plan([thing], [live], before, PLACES)

    assert f"no answers for {words}" == found.downtime


def test_a_create_that_was_cut_short_is_told_as_that_and_nothing_else() -> None:
    thing = make.desired("here/service/a", fields={"port": 1, "models.m": "x", "code": "new"})
    live = make.observed("here/service/a", fields={"code": "half of it"})
    begun = {thing.address: make.applied(thing.address, hashes={}, unfinished=True)}

    (found,) = plan([thing], [live], begun, PLACES)

    assert "an apply was cut short" == found.reason


@pytest.mark.parametrize(
    ("wanted", "action"),
    [([], Action.DELETE), ([{"region": "north"}], Action.REPLACE), ([{"port": 2}], Action.UPDATE)],
)
def test_a_plan_says_that_what_is_protected_stays(
    wanted: list[dict[str, Any]], action: Action
) -> None:
    things = [make.desired("here/service/a", fields=fields) for fields in wanted]
    live = make.observed("here/service/a", fields={"port": 1}, protect=True)

    (found,) = plan(things, [live], {}, PLACES)

    assert action is found.action
    assert (action is not Action.UPDATE) == found.reason.endswith(
        "; protected, so it stays as it is"
    )


def test_a_plan_is_the_same_whatever_order_a_place_tells_its_things_in() -> None:
    live = [make.observed(f"here/service/{name}") for name in "cabd"]

    assert plan([], live, {}, PLACES) == plan([], reversed(live), {}, PLACES)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["it"])
def test_the_planner(scenario: dict[str, Any]) -> None:
    if "refused" in scenario:
        with pytest.raises(SpecError) as refused:
            changes(scenario)
        assert scenario["refused"] == [problem.summary for problem in refused.value.problems]
        return

    made = [change for change in changes(scenario) if change.action is not Action.KEEP]

    assert scenario["plan"] == [f"{change.action.value} {change.address}" for change in made]
    fields = {
        field.path: f"{field.cause.value} {field.impact.value}"
        for change in made
        for field in change.fields
    }
    assert scenario.get("fields", fields) == fields
    stops = [str(change.address) for change in made if change.stops_first]
    assert scenario.get("stops", []) == stops
    assert scenario.get("notes", []) == list(notes(observed(scenario))) or "notes" not in scenario


def drift(scenario: dict[str, Any]) -> list[str]:
    whole = Plan(project="p", store="s", changes=changes(scenario))
    return [
        f"{change.address} {' '.join(field.path for field in change.fields)}".strip()
        for change in drifted(whole, applied(scenario)).plan.changes
        if change.action is not Action.KEEP
    ]


def test_drift_holds_what_somebody_changed_and_not_what_the_file_changed() -> None:
    scenario = {
        "desired": {"here/service/a": {"fields": {"port": 2, "process": "running"}}},
        "observed": {"here/service/a": {"fields": {"port": 1, "process": "stopped"}}},
        "applied": {"here/service/a": {"port": 1, "process": "running"}},
    }

    found = drift(scenario)

    assert found == ["here/service/a process"]


def test_a_service_that_was_applied_and_is_gone_is_drift() -> None:
    scenario = {
        "desired": {"here/service/a": {"fields": {}}, "here/service/new": {"fields": {}}},
        "applied": {"here/service/a": {}},
    }

    found = drift(scenario)

    assert found == ["here/service/a"]


def test_a_service_that_left_the_file_is_no_drift() -> None:
    scenario = {
        "observed": {"here/service/a": {"fields": {"port": 1}}},
        "applied": {"here/service/a": {"port": 1}},
    }

    found = drift(scenario)

    assert found == []


PLACED = {"laptop": Nowhere()}


def test_a_tag_that_tells_the_commit_follows_a_change_and_makes_none() -> None:
    live = make.observed(fields={"port": 1, "tags.commit": "old"})
    same = make.desired(fields={"port": 1, "tags.commit": "new"}, loose=("tags.commit",))
    other = make.desired(fields={"port": 2, "tags.commit": "new"}, loose=("tags.commit",))

    (kept,) = plan([same], [live], {}, PLACED)
    (changed,) = plan([other], [live], {}, PLACED)

    assert (Action.KEEP, ()) == (kept.action, kept.fields)
    assert ["port", "tags.commit"] == [field.path for field in changed.fields]


def test_a_tag_that_tells_the_commit_comes_where_there_is_none() -> None:
    live = make.observed(fields={"port": 1})
    wanted = make.desired(fields={"port": 1, "tags.commit": "new"}, loose=("tags.commit",))

    (change,) = plan([wanted], [live], {}, PLACED)

    assert Action.UPDATE is change.action

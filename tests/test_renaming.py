"""A rename, stated by `renamed_from`: in words, in counts, in order, and cut short anywhere."""

from collections.abc import Mapping

import make
import pytest
from engine_platform import Fault
from engine_specs import Person, Service, desired, live
from msgspec.structs import replace

from mlops.events import Done, Event, Failed, Skipped
from mlops.policy import Limits, blocked, check
from mlops.selection import Selection
from mlops.survey import EVERYTHING, survey
from mlops.values import Action, Change, Counts, Desired, Plan

OLD = Service(place="here", port=1, model="m", digest="x", environment="e1", tag="", region="north")
BEFORE = {"old": OLD}
SAME_PORT = {"new": OLD}
OTHER_PORT = {"new": replace(OLD, port=2)}


class Renamer(Person):
    """Somebody whose file says that `new` was `old`."""

    def wanted(self, spec: Mapping[str, Service]) -> tuple[Desired, ...]:
        return tuple(
            replace(thing, renamed_from="old") if thing.address.name == "new" else thing
            for thing in desired(spec)
        )


def planned(person: Person, spec: Mapping[str, Service], selection: Selection = EVERYTHING) -> Plan:
    return survey(person.world, person.wanted(spec), selection)


def of(plan: Plan, name: str) -> Change:
    (found,) = (change for change in plan.changes if change.address.name == name)
    return found


def writes(person: Person, since: int) -> list[str]:
    return [call for call in person.machine.calls[since:] if "service" in call]


def ended(events: list[Event], name: str) -> type:
    (found,) = (
        type(event)
        for event in events
        if isinstance(event, (Done, Failed, Skipped)) and event.address.name == name
    )
    return found


def test_a_rename_to_another_port_makes_then_removes() -> None:
    person = Renamer()
    person.apply(BEFORE)
    plan, begun = planned(person, OTHER_PORT), len(person.machine.calls)

    person.apply(OTHER_PORT)

    assert ["+ here/service/new", "- here/service/old"] == writes(person, begun)
    assert ("renamed from `old`", "") == (of(plan, "new").reason, of(plan, "new").downtime)
    assert "renamed to `new`" == of(plan, "old").reason
    assert [] == person.pending(OTHER_PORT)


def test_a_rename_that_keeps_its_port_is_a_replace_with_its_words() -> None:
    person = Renamer()
    person.apply(BEFORE)
    plan, begun = planned(person, SAME_PORT), len(person.machine.calls)

    person.apply(SAME_PORT)

    assert ["- here/service/old", "+ here/service/new"] == writes(person, begun)
    assert "replace" == of(plan, "new").impact.value
    assert "no answers from the stop of `old` to the end of init()" == of(plan, "new").downtime
    assert [] == person.pending(SAME_PORT)


@pytest.mark.parametrize("spec", [SAME_PORT, OTHER_PORT], ids=["same port", "other port"])
def test_a_rename_is_counted_and_needs_no_count_allowed(spec: Mapping[str, Service]) -> None:
    person = Renamer()
    person.apply(BEFORE)

    plan = planned(person, spec)

    assert Counts(add=1, change=0, destroy=1) == plan.counts
    assert () == check(plan, Limits(deletes=0))


def test_many_renames_of_a_fleet_meet_its_brake() -> None:
    changes = [
        make.change(
            f"here/service/s{number}",
            Action.DELETE if number < 4 else Action.KEEP,
            renamed=make.address("here/service/n") if number < 4 else None,
        )
        for number in range(10)
    ]

    (problem,) = check(make.plan(*changes), Limits())

    assert "the plan deletes or replaces 4 of 10 services, over 30%" == problem.summary


def test_a_new_name_that_fails_leaves_the_old_service() -> None:
    person = Renamer()
    person.apply(BEFORE)

    events = person.apply(OTHER_PORT, {0: Fault.UNREADY})

    assert (Failed, Skipped) == (ended(events, "new"), ended(events, "old"))
    assert make.address("here/service/old") in live(person.machine)


def test_a_rename_cut_short_before_the_old_one_went_is_finished_without_a_count() -> None:
    person = Renamer()
    person.apply(BEFORE)
    person.apply(OTHER_PORT, {1: Fault.REFUSED})
    plan = planned(person, OTHER_PORT)

    events = person.apply(OTHER_PORT)

    assert ["renamed to `new`"] == [change.reason for change in plan.pending]
    assert () == check(plan, Limits(deletes=0))
    assert Done is ended(events, "old")
    assert [] == person.pending(OTHER_PORT)


def test_once_the_old_one_is_gone_the_key_means_nothing() -> None:
    person = Renamer()
    person.apply(OTHER_PORT)
    changed = {"new": replace(OLD, port=3)}

    plan = planned(person, changed)

    assert ("the file changed", None) == (of(plan, "new").reason, of(plan, "new").renamed)


def test_what_renames_is_selected_whole() -> None:
    person = Renamer()
    person.apply(BEFORE)

    plan = planned(person, SAME_PORT, Selection(targets=("new",)))

    assert {"new", "old"} <= {change.address.name for change in plan.pending}


def test_a_protected_service_keeps_its_name() -> None:
    old = make.observed("here/service/old", protect=True)
    changes = [
        make.change("here/service/new", renamed=old.address),
        make.change(
            old.address, Action.DELETE, before=old, renamed=make.address("here/service/new")
        ),
    ]

    refused = blocked(make.plan(*changes))

    assert {
        "here/service/new": "here/service/old is protected, and keeps its name",
        "here/service/old": "protected: apply `protect: false` first",
    } == {str(address): because for address, because in refused.items()}


def test_an_old_name_at_another_place_is_a_move_and_a_rename() -> None:
    person = Renamer()
    person.apply(BEFORE)

    plan = planned(person, {"new": replace(OLD, place="there", port=2)})

    assert make.address("here/service/old") == of(plan, "new").renamed

"""How a run ended, as its record says it, and what is left of it, address by address."""

from typing import Any

import pytest
from engine_platform import Fault
from engine_specs import Person, Service, desired
from msgspec.structs import replace

from mlops.selection import Selection
from mlops.survey import survey

ANN = Service(place="here", port=1, model="m", digest="x", environment="e1", tag="", region="north")
FIRST = {"ann": ANN, "bob": replace(ANN, port=2)}
SECOND = {name: replace(one, tag="prod") for name, one in FIRST.items()}


def last(person: Person) -> Any:
    (revision,) = person.history.revisions.list(1)
    return revision.outcome


def causes(person: Person, spec: Any) -> dict[str, set[str]]:
    return {
        change.address.name: {field.cause.value for field in change.fields}
        for change in survey(person.world, desired(spec)).pending
    }


def left(person: Person) -> set[str]:
    return {address.name for address in person.history.unfinished()}


def test_a_run_that_failed_says_so_and_is_closed() -> None:
    person = Person()
    person.apply({"ann": ANN}, {2: Fault.REFUSED})

    assert ("failed", 2, ("here/service/ann",)) == (
        last(person)["result"],
        last(person)["changes"],
        last(person)["unfinished"],
    )
    assert not person.history.open()


def test_what_failed_after_it_was_done_has_the_cause_unfinished_until_a_run_records_it() -> None:
    person = Person()
    person.apply({"ann": ANN})
    person.apply({"ann": SECOND["ann"]}, {0: Fault.LOST})
    assert {"ann"} == left(person)

    person.apply({"ann": SECOND["ann"]})

    assert (set[str](), "done") == (left(person), last(person)["result"])


def test_a_run_that_was_stopped_says_so() -> None:
    person = Person()
    person.apply(FIRST, stop_after=0)

    assert "interrupted" == last(person)["result"]
    assert not person.history.open()


def test_what_went_back_is_returned_and_not_unfinished() -> None:
    person = Person()
    person.apply({"ann": ANN})
    person.apply({"ann": replace(ANN, port=3)}, {0: Fault.UNREADY})

    assert ("returned", ()) == (last(person)["result"], last(person)["unfinished"])


@pytest.mark.parametrize("crashed", [True, False], ids=["a crash", "a failure"])
def test_a_run_of_a_part_closes_only_what_concerns_it(*, crashed: bool) -> None:
    person = Person()
    person.apply(FIRST)
    if crashed:
        plan = survey(person.world, desired(SECOND))
        person.history.begin(next(person.runs), plan.wanted, plan.pending)
        carried_out_elsewhere(person)
    else:
        person.apply(SECOND, dict.fromkeys(range(2), Fault.LOST))

    person.apply(SECOND, selection=Selection(targets=("ann",)))

    assert {"bob"} == left(person)
    assert {"bob": {"unfinished"}} == causes(person, FIRST | {"ann": SECOND["ann"]})
    person.apply(SECOND)
    assert set() == left(person)


def carried_out_elsewhere(person: Person) -> None:
    """Let the machine have what a run made, and could not record before it was killed."""
    other = Person()
    other.machine = person.machine
    other.apply(SECOND)


def test_what_is_gone_from_the_file_and_the_world_is_no_longer_unfinished() -> None:
    person = Person()
    person.apply({"ann": ANN}, {2: Fault.REFUSED})
    assert {"ann"} == left(person)

    person.apply({})

    assert set() == left(person)

"""A plan that was agreed to beforehand: it runs once, it may be finished, and no other runs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from engine_platform import HistoryMeans
from engine_specs import Person, Service, desired, live
from msgspec.structs import replace
from test_run import ANN, Crowd

from mlops.consent import Consent
from mlops.errors import RefusedError, StaleError
from mlops.means import OwnLease
from mlops.planfile import agreed, plan_digest
from mlops.protocols import Lease
from mlops.run import Ended, Job, Terms, run
from mlops.store.approvals import Approvals
from mlops.survey import survey
from mlops.values import Impact, Plan

CI = Terms(approves=None, attended=False)
BOB = replace(ANN, port=2)


def planned(person: Person, spec: Mapping[str, Service]) -> Plan:
    return survey(person.world, desired(spec))


def consent(person: Person, digest: str, plan: Plan | None = None) -> Consent:
    approvals = Approvals(objects=person.objects, project="p")
    return Consent(digest=digest, approvals=approvals, file=agreed(plan) if plan else None)


def applied(
    person: Person,
    spec: Mapping[str, Service],
    given: Consent | None,
    terms: Terms = CI,
    number: int = 7,
) -> Ended:
    @contextmanager
    def lock() -> Iterator[Lease]:
        yield OwnLease(number)

    job = Job(
        world=lambda: person.world,
        desired=lambda: desired(spec),
        lock=lock,
        means=lambda lease: HistoryMeans(person.history, lease.number),
        consent=given,
    )
    return run(job, terms, Crowd())


def names(person: Person) -> set[str]:
    return {each.name for each in live(person.machine) if each.kind == "service"}


def test_the_plan_that_was_agreed_to_runs_without_a_question() -> None:
    person = Person()
    digest = plan_digest(planned(person, {"ann": ANN}))

    applied(person, {"ann": ANN}, consent(person, digest))

    assert {"ann"} == names(person)


def test_another_plan_is_refused_and_told_by_its_items() -> None:
    person = Person()
    digest = plan_digest(planned(person, {"ann": ANN}))

    with pytest.raises(StaleError) as refused:
        applied(person, {"ann": ANN, "bob": BOB}, consent(person, digest))

    told = [problem.summary for problem in refused.value.problems]
    assert f"the plan is not `{digest[:12]}` any more" in told[0]
    assert "`+` `here/service/bob`" in told
    assert set() == names(person)


def test_a_finished_plan_does_not_run_twice() -> None:
    person = Person()
    digest = plan_digest(planned(person, {"ann": ANN}))
    applied(person, {"ann": ANN}, consent(person, digest))
    person.machine.things.clear()

    with pytest.raises(StaleError, match="was applied already, by revision 7"):
        applied(person, {"ann": ANN}, consent(person, digest), number=8)

    assert set() == names(person)


def test_a_finished_plan_of_which_nothing_is_left_is_no_error() -> None:
    person = Person()
    digest = plan_digest(planned(person, {"ann": ANN}))
    applied(person, {"ann": ANN}, consent(person, digest))

    ended = applied(person, {"ann": ANN}, consent(person, digest), number=8)

    assert () == ended.report.outcomes


def test_a_plan_that_was_cut_short_is_finished_under_its_digest() -> None:
    person = Person()
    whole = planned(person, {"ann": ANN, "bob": BOB})
    given = consent(person, plan_digest(whole))
    given.begin(whole)
    person.apply({"ann": ANN})

    applied(person, {"ann": ANN, "bob": BOB}, given)

    assert {"ann", "bob"} == names(person)


def test_what_was_not_agreed_to_does_not_slip_into_a_plan_that_was_cut_short() -> None:
    person = Person()
    whole = planned(person, {"ann": ANN})
    given = consent(person, plan_digest(whole))
    given.begin(whole)

    with pytest.raises(StaleError, match=r"`here/service/bob`: `[+]` was not in the plan"):
        applied(person, {"ann": ANN, "bob": BOB}, given)

    assert set() == names(person)


def test_a_digest_grants_the_deletes_of_its_plan() -> None:
    person = Person()
    person.apply({"ann": ANN, "bob": BOB})
    digest = plan_digest(planned(person, {"ann": ANN}))

    applied(person, {"ann": ANN}, consent(person, digest))

    assert {"ann"} == names(person)


def test_a_plan_file_names_what_moved_in_the_live_world() -> None:
    person = Person()
    person.apply({"ann": ANN})
    spec = {"ann": replace(ANN, tag="prod")}
    plan = planned(person, spec)
    person.machine.things.clear()
    person.apply({"ann": ANN})

    with pytest.raises(StaleError) as refused:
        applied(person, spec, consent(person, plan_digest(plan), plan))

    assert ["`here/service/ann` moved since it was planned: it is another object"] == [
        problem.summary for problem in refused.value.problems
    ]


@pytest.mark.parametrize(
    ("level", "change"),
    [
        (Impact.METADATA, {"ann": replace(ANN, tag="prod")}),
        (Impact.ROLLING, {"ann": ANN, "bob": BOB}),
        (Impact.REPLACE, {"ann": replace(ANN, region="south")}),
    ],
)
def test_a_level_approves_what_costs_no_more(level: Impact, change: dict[str, Service]) -> None:
    person = Person()
    person.apply({"ann": ANN})

    applied(person, change, None, Terms(approves=level))

    assert [] == person.pending(change)


@pytest.mark.parametrize(
    ("level", "change", "sign"),
    [
        (Impact.METADATA, {"ann": replace(ANN, port=3)}, "~"),
        (Impact.METADATA, {"ann": ANN, "bob": BOB}, "[+]"),
        (Impact.ROLLING, {"ann": replace(ANN, region="south")}, "-/[+]"),
    ],
)
def test_what_costs_more_than_the_level_is_refused_by_name(
    level: Impact, change: dict[str, Service], sign: str
) -> None:
    person = Person()
    person.apply({"ann": ANN})

    with pytest.raises(RefusedError, match=f"service/[a-z]+`: `{sign}` costs more than"):
        applied(person, change, None, Terms(approves=level))

"""One walk of the pipeline: what is asked, what is refused, what a run comes to."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from engine_platform import HistoryMeans, Spot
from engine_specs import Person, Service, desired, live
from msgspec.structs import replace

from mlops.errors import IncompleteError, Problem, RefusedError, StaleError, TargetError
from mlops.events import Done, Event
from mlops.means import OwnLease
from mlops.protocols import Lease
from mlops.run import Job, Terms, run
from mlops.values import Desired, Impact, Observed, Plan
from mlops.verdict import check_ended

ANN = Service(place="here", port=1, model="m", digest="x", environment="e1", tag="", region="north")
ASKED = Terms(attended=True)


class Crowd:
    """An audience that says what it is told to say, and remembers what it saw."""

    def __init__(self, *, yes: bool = True) -> None:
        self.seen: list[Plan] = []
        self.asked: list[int] = []
        self.told: list[Event] = []
        self._yes = yes

    def see(self, plan: Plan) -> None:
        self.seen.append(plan)

    def agree(self, plan: Plan, deletes: int) -> None:  # noqa: ARG002  it was seen
        self.asked.append(deletes)
        if not self._yes:
            raise RefusedError(Problem(summary="no"))

    @contextmanager
    def watch(self, stop: threading.Event) -> Iterator[Callable[[Event], None]]:  # noqa: ARG002  nobody stops
        yield self.told.append


def job(person: Person, spec: Mapping[str, Service], meanwhile: Callable[[], object]) -> Job:
    """Return the job to apply a spec; `meanwhile` happens while the lock is waited for."""

    @contextmanager
    def lock() -> Iterator[Lease]:
        meanwhile()
        yield OwnLease(7)

    return Job(
        world=lambda: person.world,
        desired=lambda: desired(spec),
        lock=lock,
        means=lambda lease: HistoryMeans(person.history, lease.number),
    )


def test_what_is_agreed_to_is_made_and_proved() -> None:
    person, crowd = Person(), Crowd()

    ended = run(job(person, {"ann": ANN}, list), ASKED, crowd)

    assert [0] == crowd.asked
    assert all(isinstance(end, Done) for end in ended.report.outcomes)
    assert () == ended.report.problems
    assert [] == person.pending({"ann": ANN})


def test_a_place_gets_ready_to_be_asked_while_it_is_found_out_what_is_desired() -> None:
    woken = threading.Event()

    class Asleep(Spot):
        def wake(self) -> None:
            woken.set()

    def wanted() -> tuple[Desired, ...]:
        assert woken.wait(10)
        return desired({"ann": ANN})

    begun = replace(job(Person(Asleep), {}, list), desired=wanted)

    assert run(begun, ASKED, Crowd()).plan.changes


def test_a_no_takes_no_lock_and_changes_nothing() -> None:
    person, locked = Person(), list[bool]()

    with pytest.raises(RefusedError):
        run(job(person, {"ann": ANN}, lambda: locked.append(True)), ASKED, Crowd(yes=False))

    assert ([], {}) == (locked, person.machine.things)


def test_a_plan_that_changed_while_waiting_for_the_lock_is_shown_and_refused() -> None:
    person, crowd = Person(), Crowd()

    with pytest.raises(StaleError, match="the world changed since the plan was agreed to"):
        run(job(person, {"ann": ANN}, lambda: person.apply({"bob": ANN})), ASKED, crowd)

    assert 2 == len(crowd.seen)
    assert {"bob"} == {each.name for each in live(person.machine) if each.kind == "service"}


def test_what_nobody_is_asked_about_keeps_its_limits_under_the_lock() -> None:
    person, terms = Person(), Terms(approves=Impact.REPLACE)

    with pytest.raises(RefusedError, match="the plan deletes 1 of 1 service"):
        run(job(person, {"ann": ANN}, lambda: person.apply({"bob": ANN})), terms, Crowd())

    assert {"bob"} == {each.name for each in live(person.machine) if each.kind == "service"}


def test_a_person_who_allowed_nothing_is_asked_for_the_number_of_deletes() -> None:
    person, crowd = Person(), Crowd()
    person.apply({"bob": ANN})

    run(job(person, {}, list), ASKED, crowd)

    assert [1] == crowd.asked
    assert {} == live(person.machine)


def test_what_somebody_else_made_meanwhile_is_left_to_them() -> None:
    person, crowd = Person(), Crowd()

    ended = run(job(person, {"ann": ANN}, lambda: person.apply({"ann": ANN})), ASKED, crowd)

    assert () == ended.report.outcomes
    assert [] == crowd.told


class Fading(Spot):
    """A target that answers no more looks once something was made."""

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        if self._machine.calls:
            raise TargetError(Problem(summary="503, and nothing else"))
        return super().observe(wanted)


def test_a_proof_that_fails_by_itself_is_told_and_what_was_done_stays_told() -> None:
    person = Person(row=Fading)

    ended = run(job(person, {"ann": ANN}, list), ASKED, Crowd())

    assert ["503, and nothing else"] == [problem.summary for problem in ended.report.problems]
    assert all(isinstance(end, Done) for end in ended.report.outcomes)
    with pytest.raises(IncompleteError):
        check_ended(ended.plan, ended.report)

"""A place that lets nobody look without credentials: what is told, refused, and never counted."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import make
import pytest
from fakes import MemoryRecords, MemoryTarget, NoMeans
from msgspec.structs import replace

from mlops.carry_out import carry_out
from mlops.drift import drifted
from mlops.drifted import Drift
from mlops.errors import CredentialsError, SpecError
from mlops.means import OwnLease
from mlops.observe import observe
from mlops.planfile import plan_digest
from mlops.protocols import Lease, World
from mlops.prove import prove
from mlops.run import Job, Terms, run
from mlops.selection import Selection
from mlops.survey import survey
from mlops.values import Action, Counts, Impact, Plan
from mlops.views.github import GithubView, counts
from mlops.views.json import JsonView
from mlops.views.markdown import MarkdownView
from mlops.views.metrics import metrics
from mlops.views.paper import Paper
from mlops.views.sarif import SarifView
from mlops.views.text import TextView

Golden = Callable[[str, str], None]
WANTED = tuple(
    make.desired(
        f"{place}/service/{name}",
        claims={f"port/{port}": make.where()},
        where=make.where(line=port),
    )
    for place, name, port in (("here", "ann", 1), ("there", "bob", 2), ("there", "cat", 3))
)


class Two:
    """Two places, of which one asks for a password that nobody knows."""

    def __init__(self) -> None:
        self.here, self.there = MemoryTarget("here"), MemoryTarget("there")
        self.records = MemoryRecords()

    @property
    def world(self) -> World:
        places = {"here": self.here, "there": self.there}
        return World(project="p", store="s", places=places, records=self.records)

    def survey(self, **words: Any) -> Plan:
        return survey(self.world, WANTED, Selection(**words))

    def apply(self) -> None:
        events = carry_out(
            self.world, self.survey(), NoMeans(self.records), threading.Event(), 2, None
        )
        assert [event for event in events if hasattr(event, "problems")] == []

    def job(self, selection: Selection) -> Job:
        @contextmanager
        def lock() -> Iterator[Lease]:
            yield OwnLease(1)

        return Job(
            world=lambda: self.world,
            desired=lambda: WANTED,
            lock=lock,
            means=lambda lease: NoMeans(self.records, lease.number),
            selection=selection,
        )


class Nobody:
    """An audience that watches and says nothing."""

    def see(self, plan: Plan) -> None:
        pass

    def agree(self, plan: Plan, deletes: int) -> None:  # noqa: ARG002  the protocol's signature
        raise AssertionError("nobody is to be asked")

    @contextmanager
    def watch(self, stop: threading.Event) -> Iterator[Callable[[object], None]]:  # noqa: ARG002  nobody stops
        yield lambda _: None


@pytest.fixture
def two() -> Two:
    found = Two()
    found.there.knows = False
    return found


def test_a_place_without_credentials_is_left_out_of_the_plan_and_named(two: Two) -> None:
    found = two.survey()

    assert ["+ here/service/ann"] == [
        f"{change.action.value} {change.address}" for change in found.changes
    ]
    assert [("there", ("bob", "cat"), 2)] == [
        (one.place, one.services, one.where.line if one.where else 0) for one in found.unobserved
    ]
    assert Counts(add=1, change=0, destroy=0) == found.counts


def test_a_plan_that_is_not_whole_has_no_digest(two: Two) -> None:
    assert "" == plan_digest(two.survey())
    assert 64 == len(plan_digest(two.survey(exclude=("there",))))


@pytest.mark.parametrize(
    ("words", "unobserved"),
    [
        ({}, ["there"]),
        ({"targets": ("ann",)}, []),
        ({"targets": ("here",)}, []),
        ({"targets": ("bob",)}, ["there"]),
        ({"targets": ("there",)}, ["there"]),
        ({"targets": ("there/service/cat", "ann")}, ["there"]),
        ({"exclude": ("there",)}, []),
        ({"exclude": ("bob",)}, ["there"]),  # what else lives there nobody knows
    ],
)
def test_a_selection_without_the_place_makes_the_plan_whole(
    two: Two, words: Mapping[str, tuple[str, ...]], unobserved: list[str]
) -> None:
    assert unobserved == [one.place for one in two.survey(**words).unobserved]


def test_an_apply_is_refused_with_the_code_of_an_authentication(two: Two) -> None:
    with pytest.raises(CredentialsError, match="`there` asks who it is") as refused:
        run(two.job(Selection()), Terms(approves=Impact.REPLACE), Nobody())

    assert 6 == refused.value.code
    assert [] == two.here.calls


def test_an_apply_of_the_rest_runs_where_the_place_is_left_out(two: Two) -> None:
    run(two.job(Selection(exclude=("there",))), Terms(approves=Impact.REPLACE), Nobody())

    assert ["+ here/service/ann"] == two.here.calls


def test_who_needs_to_see_everything_is_told_instead_of_seeing_a_part(two: Two) -> None:
    with pytest.raises(CredentialsError):
        observe((), two.world.places)


def test_what_was_made_is_not_proved_by_looking_away(two: Two) -> None:
    two.there.knows = True
    agreed = two.survey()
    two.apply()
    two.there.knows = False

    (problem,) = prove(two.world, WANTED, agreed)

    assert "`there` asks who it is" == problem.summary


def test_wanted_ports_are_compared_wherever_nobody_looked(two: Two) -> None:
    thing = make.desired("here/service/dan", claims={"port/2": make.where()})

    with pytest.raises(SpecError, match="port 2 is wanted twice"):
        survey(two.world, (*WANTED, thing))


def test_drift_is_told_of_what_was_observed(two: Two) -> None:
    two.there.knows = True
    two.apply()
    two.there.knows = False
    (address,) = two.here.things
    two.here.things.clear()

    found = drifted(two.survey(), two.records.read())

    assert [(Action.CREATE, address)] == [(one.action, one.address) for one in found.plan.pending]
    assert ["there"] == [one.place for one in found.plan.unobserved]


def plan(**given: Any) -> Plan:
    hidden = (make.unobserved("prod", "wine", "iris"), make.unobserved("old"))
    return make.plan(make.change(), **{"unobserved": hidden, **given})


def nothing() -> Plan:
    return replace(plan(), changes=())


def test_text_tells_it(golden: Golden) -> None:
    view = TextView(Paper(width=80))

    golden("unobserved.txt", view.plan(plan()) + view.plan(nothing()))


def test_a_comment_tells_it_and_names_no_digest(golden: Golden) -> None:
    shown = MarkdownView().plan(plan())

    golden("unobserved.md", shown)
    assert "<!-- mlops-digest:unobserved -->" in MarkdownView().plan(nothing())
    assert "--digest" not in shown


def test_an_issue_tells_it(golden: Golden) -> None:
    golden("unobserved_drift.md", MarkdownView().drift(Drift(plan=nothing())))
    assert "No drift in what was observed" in TextView(Paper()).drift(Drift(plan=nothing()))


def test_a_document_tells_it() -> None:
    shown = json.loads(JsonView().plan(plan()))

    assert None is shown["digest"]
    assert [("prod", ["wine", "iris"]), ("old", [])] == [
        (one["target"], one["services"]) for one in shown["unobserved"]
    ]


def test_a_job_and_code_scanning_are_warned_on_the_line_of_a_service() -> None:
    log = GithubView(Paper(root="")).plan(plan())
    (run,) = json.loads(SarifView(Paper(root="")).plan(plan()))["runs"]

    assert "::warning file=mlops.yaml,line=1" in log
    assert "prod is not observed: the platform lets nobody in" in log
    assert ["unobserved", "unobserved"] == [one["ruleId"] for one in run["results"]]


def test_later_steps_are_given_no_digest() -> None:
    told = counts(plan())

    assert ("true", "", "prod old") == (told["changed"], told["digest"], told["unobserved"])
    assert "unknown" == counts(nothing())["changed"]


def test_the_gauges_count_it() -> None:
    lines = metrics(Drift(plan=nothing()), 0).splitlines()

    assert 'mlops_unobserved_targets{project="quickstart"} 2' in lines

"""The revisions of a project: what each run set out to make, and what came of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import make
import pytest
from unkind import Fault, Unkind, once

from mlops.errors import TargetError
from mlops.plain import canonical, freeze
from mlops.spec import Expectation, Request
from mlops.store.desired_record import desired_of, desired_record
from mlops.store.objects import Objects, open_store
from mlops.store.records import DamagedError, create_record, read_record
from mlops.store.revisions import Revision, Revisions, UsedTarget, last_revision
from mlops.values import Desired

AT = "2026-11-23T02:25:00+00:00"
LAPTOP = {"laptop": {"kind": "process", "settings": {}}}
LINEAGE = freeze({"commit": "7d1", "dirty": False, "who": "alice"})

FULL = make.desired(
    fields={"port": 8890, "cpu": 0.5, "tags.team": "müller", "models": ["a", {"b": None}]},
    inputs={"source": "/checkout/score", "order": [1, 1.0, True]},
    needs=(make.address(make.MODEL),),
    claims={"port/8890": make.where(line=7, column=3, text="  port: 8890", width=4)},
    labels={"digest": "diabetes:3"},
    summary="serves diabetes",
    endpoint="http://127.0.0.1:8890/score",
    protect=True,
    checks=(
        make.check(
            request=Request(
                path="/score?a=1", method="PUT", headers=freeze({"A": "b"}), json=freeze([[1.5]])
            ),
            expect=Expectation(
                status=201, json=freeze({"result": [1]}), tolerance=0.1, latency=2.5
            ),
        ),
        make.check(request=Request(body="text"), where=make.where(file="b.yaml", line=2)),
    ),
    where=make.where(line=5, text="  diabetes:"),
)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_store("store", tmp_path)


@pytest.fixture
def revisions(objects: Objects) -> Revisions:
    return Revisions(objects, "mnist")


def begin(revisions: Revisions, number: int, *desired: Desired, targets: Any = LAPTOP) -> None:
    revisions.begin(number, desired, LINEAGE, AT, freeze(targets))


@pytest.mark.parametrize("desired", [FULL, make.desired(), make.desired(make.MODEL, where=None)])
def test_a_thing_is_read_back_as_it_was_and_as_frozen(desired: Desired, objects: Objects) -> None:
    create_record(objects, "thing.json", desired_record(desired))

    again = desired_of(read_record(objects, "thing.json"))

    assert desired == again
    assert canonical(desired_record(desired)) == canonical(desired_record(again))  # 1 is not 1.0
    hash(again)


def test_what_a_newer_program_added_to_a_thing_is_left_out_and_what_lacks_has_its_default() -> None:
    record = freeze({"address": make.SERVICE, "fields": {"port": 8890}, "novelty": 1})

    assert make.desired() == desired_of(record)


def test_a_revision_is_read_back_whole(revisions: Revisions) -> None:
    begin(revisions, 3, FULL, make.desired(make.MODEL))

    expected = Revision(
        number=3,
        at=AT,
        lineage=LINEAGE,
        targets=freeze(LAPTOP),
        desired=(FULL, make.desired(make.MODEL)),
    )
    assert expected == revisions.read(3)


def test_a_revision_is_open_until_it_is_done(revisions: Revisions) -> None:
    for number in (1, 2, 10):
        begin(revisions, number)
    assert (1, 2, 10) == revisions.open()

    revisions.finish(2, {"done": 1})

    assert (1, 10) == revisions.open()
    assert {"done": 1} == revisions.read(2).outcome
    assert revisions.read(1).outcome is None


def test_the_first_outcome_stays(revisions: Revisions) -> None:
    begin(revisions, 1)

    revisions.finish(1, {"said": "by the run"})
    revisions.finish(1, {"said": "by the next one"})

    assert {"said": "by the run"} == revisions.read(1).outcome


def test_a_number_is_begun_once(revisions: Revisions) -> None:
    begin(revisions, 1, FULL)
    begin(revisions, 1, FULL)

    with pytest.raises(TargetError):
        begin(revisions, 1, make.desired())

    assert (FULL,) == revisions.read(1).desired


def test_revisions_are_listed_newest_first(revisions: Revisions) -> None:
    for number in (9, 10, 100):
        begin(revisions, number)

    assert [100, 10, 9] == [revision.number for revision in revisions.list()]
    assert [100, 10] == [revision.number for revision in revisions.list(2)]


def test_a_project_without_revisions_has_none(objects: Objects, revisions: Revisions) -> None:
    assert ((), (), ()) == (revisions.list(), revisions.open(), revisions.targets())
    assert 0 == last_revision(objects, "mnist")
    with pytest.raises(TargetError) as caught:
        revisions.read(4)
    assert "no revision 4" in caught.value.problems[0].summary


def test_projects_do_not_see_each_other(objects: Objects, revisions: Revisions) -> None:
    begin(revisions, 1)

    assert () == Revisions(objects, "mnist-2").list()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{half",
        b"[]",
        b"{}",
        b'{"at":"","lineage":{},"targets":{},"desired":[{}]}',
        b'{"at":"","lineage":{},"targets":{},"desired":[4]}',
        b'{"at":"","lineage":[],"targets":{},"desired":[]}',
        b'{"at":"","lineage":{},"targets":{},"desired":[{"address":"x","fields":{}}]}',
        b'{"at":"","lineage":{},"targets":{},"desired":[{"address":"a/b/c","fields":[]}]}',
        b'{"at":"","lineage":{},"targets":{},"desired":[{"address":"a/b/c","fields":{},"checks":[1]}]}',
    ],
)
def test_a_damaged_revision_does_not_hide_the_others(
    data: bytes, objects: Objects, revisions: Revisions
) -> None:
    begin(revisions, 1)
    objects.create("revisions/mnist/2.begun.json", data)
    begin(revisions, 3)

    assert [(3, False), (2, True), (1, False)] == [
        (revision.number, revision.damaged) for revision in revisions.list()
    ]
    assert (1, 2, 3) == revisions.open()
    with pytest.raises(DamagedError):
        revisions.read(2)


def test_a_revision_with_a_damaged_outcome_has_ended(
    objects: Objects, revisions: Revisions
) -> None:
    begin(revisions, 1)
    objects.create("revisions/mnist/1.done.json", b"{half")

    assert {} == revisions.read(1).outcome
    assert () == revisions.open()


def used(name: str, **settings: Any) -> UsedTarget:
    return UsedTarget(name=name, kind="kubernetes", settings=freeze(settings))


def target(**settings: Any) -> Any:
    return {"kind": "kubernetes", "settings": settings}


def test_a_target_that_left_the_file_is_still_known(revisions: Revisions) -> None:
    begin(revisions, 1, targets={"lab": target(namespace="a"), "prod": target()})
    begin(revisions, 2, targets={"prod": target()})

    assert (used("prod"), used("lab", namespace="a")) == revisions.targets()


def test_a_target_that_moved_is_known_with_both_settings(revisions: Revisions) -> None:
    begin(revisions, 1, targets={"lab": target(namespace="a")})
    begin(revisions, 2, targets={"lab": target(namespace="b")})
    begin(revisions, 3, targets={"lab": target(namespace="b")})

    assert (used("lab", namespace="b"), used("lab", namespace="a")) == revisions.targets()


def test_a_target_is_forgotten(revisions: Revisions) -> None:
    begin(revisions, 1, targets={"lab": target(namespace="a"), "prod": target()})

    assert revisions.forget(2, used("lab", namespace="a"))
    assert not revisions.forget(3, used("lab", namespace="a"))

    assert (used("prod"),) == revisions.targets()
    begin(revisions, 4, targets={"prod": target()})
    assert (used("prod"),) == revisions.targets()


def test_what_a_run_leaves_at_its_end_is_no_longer_known(revisions: Revisions) -> None:
    begin(revisions, 1, targets={"lab": target(namespace="a"), "prod": target()})

    assert revisions.forget(1, used("lab", namespace="a"))

    assert (used("prod"),) == revisions.targets()
    begin(revisions, 2, targets={"prod": target()})
    assert (used("prod"),) == revisions.targets()


def test_of_a_damaged_index_the_one_before_counts(objects: Objects, revisions: Revisions) -> None:
    begin(revisions, 1, targets={"lab": target()})
    objects.create("revisions/mnist/2.targets.json", b"{half")
    objects.create("revisions/mnist/3.targets.json", b'{"targets":[{"name":"lab"}]}')

    assert (used("lab"),) == revisions.targets()


def test_the_highest_number_is_that_of_any_record(objects: Objects, revisions: Revisions) -> None:
    begin(revisions, 7, targets={"lab": target()})
    revisions.forget(11, used("lab"))

    assert 11 == last_revision(objects, "mnist")


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize(
    "act",
    [
        lambda revisions: begin(revisions, 1, FULL),
        lambda revisions: revisions.finish(1, freeze({"done": 1})),
    ],
    ids=["begin", "finish"],
)
def test_each_write_may_fail_once(
    act: Callable[[Revisions], None], fault: Fault, tmp_path: Path
) -> None:
    number, failed = 0, True
    while failed:
        objects = open_store(f"store-{number}", tmp_path)
        store = Unkind(objects, once(number, fault), 0.01)

        act(Revisions(store, "mnist"))
        store.settle()

        written = [path for path in objects.list("revisions/mnist") if "targets" not in path]
        assert 1 == len(written)
        assert read_record(objects, written[0])
        failed = len(store.calls) > number
        number += 1

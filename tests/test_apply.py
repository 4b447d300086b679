"""Apply on a target in memory: order, failures, skips, stop."""

import time
from collections.abc import Iterable
from threading import Event as Flag

import make
import pytest
from fakes import MemoryRecords, MemoryTarget, NoMeans

import mlops.apply as apply_module
from mlops.carry_out import carry_out
from mlops.errors import LockedError
from mlops.events import Done, Event, Failed, Progressed, Skipped, Started
from mlops.protocols import World
from mlops.prove import prove
from mlops.survey import survey
from mlops.values import Desired, Plan


def world(target: MemoryTarget) -> World:
    return World(project="p", store="s", places={target.name: target}, records=MemoryRecords())


def thing(name: str, **given: object) -> Desired:
    return make.desired(
        f"here/service/{name}", **{"fields": {"port": 1}, "endpoint": "", "needs": (), **given}
    )


def applied(at: World, wanted: Iterable[Desired], stop: Flag | None = None) -> list[Event]:
    agreed = survey(at, wanted)
    return list(carry_out(at, agreed, NoMeans(), stop or Flag()))


def told(events: list[Event]) -> list[str]:
    return [
        f"{type(event).__name__} {event.address.name}"
        for event in events
        if not isinstance(event, (Started, Progressed))
    ]


def pending(at: World, wanted: Iterable[Desired]) -> Plan:
    return survey(at, wanted)


def test_a_second_apply_makes_no_call() -> None:
    target = MemoryTarget()
    at = world(target)
    applied(at, [thing("a"), thing("b")])
    target.calls.clear()

    events = applied(at, [thing("a"), thing("b")])

    assert events == []
    assert target.calls == []


def test_what_needs_a_failed_change_is_skipped_and_says_why() -> None:
    target = MemoryTarget()
    target.broken.add("base")
    needy = thing("needy", needs=(thing("base").address,))

    events = applied(world(target), [thing("base"), needy, thing("free")])

    assert {"Failed base", "Done free", "Skipped needy"} == set(told(events))
    skipped = [event for event in events if isinstance(event, Skipped)]
    assert [event.because for event in skipped] == ["needs here/service/base"]


def test_nothing_is_deleted_once_anything_failed() -> None:
    target = MemoryTarget()
    at = world(target)
    applied(at, [thing("old")])
    target.broken.add("new")

    events = applied(at, [thing("new")])

    assert told(events) == ["Failed new", "Skipped old"]
    assert [thing("old").address] == list(target.things)


def test_a_failure_carries_the_platforms_words_and_its_code() -> None:
    target = MemoryTarget()
    target.broken.add("a")

    failed = [event for event in applied(world(target), [thing("a")]) if isinstance(event, Failed)]

    assert [failed[0].problems[0].summary] == ["the platform said no"]
    assert failed[0].code == 6


def test_after_stop_nothing_starts() -> None:
    target = MemoryTarget()
    stop = Flag()
    stop.set()

    events = applied(world(target), [thing("a"), thing("b")], stop)

    assert told(events) == ["Skipped a", "Skipped b"]
    assert target.calls == []


def test_a_protected_service_stays_and_the_others_go_on() -> None:
    target = MemoryTarget()
    at = world(target)
    applied(at, [thing("kept", protect=True), thing("gone")])

    events = applied(at, [thing("new")])

    assert {"Done new", "Done gone", "Skipped kept"} == set(told(events))
    assert {"kept", "new"} == {address.name for address in target.things}


def test_the_proof_names_the_field_that_does_not_settle() -> None:
    target = MemoryTarget()
    at = world(target)
    agreed = survey(at, [thing("a")])
    list(carry_out(at, agreed, NoMeans(), Flag()))
    forgetful = make.observed("here/service/a", fields={"port": 2})
    target.things[thing("a").address] = forgetful

    problems = prove(at, [thing("a")], agreed)

    assert [problem.summary for problem in problems] == [
        "`here/service/a` did not settle: `port` differ"
    ]


def test_a_change_is_recorded_when_it_is_done_and_forgotten_when_deleted() -> None:
    target = MemoryTarget()
    at = world(target)
    applied(at, [thing("a"), thing("b")])

    applied(at, [thing("a")])

    assert [thing("a").address] == list(at.records.read())


def test_services_swap_their_ports() -> None:
    target = MemoryTarget()
    at = world(target)
    applied(at, [thing("a", **on(1)), thing("b", **on(2))])

    events = applied(at, [thing("a", **on(2)), thing("b", **on(1))])

    assert {"Done a", "Done b"} == set(told(events))
    assert [] == applied(at, [thing("a", **on(2)), thing("b", **on(1))])


def test_independent_changes_run_side_by_side_up_to_the_bound() -> None:
    target = MemoryTarget()
    target.latency = 0.1
    wanted = [thing(f"s{number}") for number in range(8)]
    agreed = survey(world(target), wanted)

    begun = time.monotonic()
    events = list(carry_out(world(target), agreed, NoMeans(), Flag(), parallelism=4))
    took = time.monotonic() - begun

    assert 8 == len([event for event in events if isinstance(event, Done)])
    assert 0.2 <= took < 0.6
    assert 4 == most_at_once(events)


def test_what_still_runs_after_the_grace_is_unfinished_and_loses_its_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apply_module, "GRACE", 0.2)
    target = MemoryTarget()
    target.latency = 1.0
    stop = Flag()
    means = NoMeans()
    at = world(target)

    events: list[Event] = []
    for event in carry_out(at, survey(at, [thing("slow")]), means, stop):
        events.append(event)
        stop.set()

    assert ["Unfinished slow"] == told(events)
    with pytest.raises(LockedError):
        means.lease.check()


def most_at_once(events: list[Event]) -> int:
    """Return how many changes ran at the same time, at most."""
    running, most = 0, 0
    for event in events:
        running += isinstance(event, Started)
        running -= isinstance(event, (Done, Failed))
        most = max(most, running)
    return most


def on(port: int) -> dict[str, object]:
    """Return what makes a thing listen on a port."""
    return {"fields": {"port": port}, "claims": {f"port/{port}": make.where()}}


def test_each_change_starts_and_ends() -> None:
    events = applied(world(MemoryTarget()), [thing("a")])

    assert [Started, Progressed, Done] == [type(event) for event in events]

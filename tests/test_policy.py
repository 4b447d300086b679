"""The brakes: counts of deletes, their share of a fleet, protection."""

import make

from mlops.policy import Limits, blocked, check
from mlops.values import Action, Change, Plan


def deleted(name: str, *, protect: bool = False) -> Change:
    live = make.observed(f"here/service/{name}", protect=protect)
    return make.change(live.address, Action.DELETE, before=live, after=None)


def kept(name: str) -> Change:
    live = make.observed(f"here/service/{name}")
    return make.change(live.address, Action.KEEP, before=live)


def plan(*changes: Change) -> Plan:
    return make.plan(*changes)


def told(given: Plan, deletes: int) -> list[str]:
    return [problem.summary for problem in check(given, Limits(deletes=deletes))]


def test_deletes_beyond_the_allowed_count_are_refused_with_both_numbers() -> None:
    given = plan(deleted("a"), deleted("b"), kept("c"))

    assert told(given, 1) == ["the plan deletes 2 of 3 services (allowed: 1)"]
    assert told(given, 2) == []


def test_the_hint_of_a_refusal_is_the_option_that_allows_it() -> None:
    problems = check(plan(deleted("a")), Limits())

    assert [each.hint for each in problems] == ["run with `--allow-deletes 1` if you mean it"]


def test_replacing_much_of_a_fleet_is_refused() -> None:
    replaced = [
        make.change(
            f"here/service/r{number}",
            Action.REPLACE,
            before=make.observed(f"here/service/r{number}"),
        )
        for number in range(4)
    ]
    given = plan(*replaced, *(kept(f"k{number}") for number in range(6)))

    assert told(given, 0) == ["the plan deletes or replaces 4 of 10 services, over 30%"]
    assert told(given, 4) == []


def test_a_protected_service_is_blocked_and_does_not_count() -> None:
    given = plan(deleted("safe", protect=True), kept("other"))

    assert told(given, 0) == []
    assert [str(address) for address in blocked(given)] == ["here/service/safe"]


def test_environments_and_models_do_not_count() -> None:
    live = make.observed("here/environment/abc")
    given = plan(make.change(live.address, Action.DELETE, before=live, after=None))

    assert told(given, 0) == []

"""The brakes: counts of deletes, their share of a fleet, protection."""

import make

from mlops.policy import Limits, blocked, check, expired, ignored, in_force
from mlops.spec import IgnoreRule
from mlops.values import Action, Cause, Change, FieldChange, Plan


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


def drifted(path: str, cause: Cause = Cause.DRIFT) -> FieldChange:
    return make.field_change(path, before="live", after="wanted", cause=cause)


def let_be(*fields: FieldChange, rules: tuple[IgnoreRule, ...] = (make.rule(),)) -> list[str]:
    return [one.path for one in ignored(make.address(), fields, rules)]


def test_a_rule_lets_the_drift_be_that_it_names_and_nothing_else() -> None:
    assert let_be(drifted("tags.team"), drifted("description")) == ["tags.team"]
    assert let_be(drifted("tags.team"), rules=(make.rule(address="prod/*"),)) == []
    assert let_be(drifted("tags.team"), rules=(make.rule(fields=("tags",)),)) == ["tags.team"]
    assert let_be(drifted("tags.team"), rules=(make.rule(fields=("t",)),)) == []


def test_a_rule_stops_nothing_that_the_file_changes() -> None:
    causes = [cause for cause in Cause if let_be(drifted("tags.team", cause))]

    assert causes == [Cause.DRIFT]


def test_what_a_place_can_not_make_as_it_is_live_is_let_be_only_alone() -> None:
    rules = (make.rule(fields=("process", "tags")),)
    moved = drifted("port", Cause.CONFIG)

    assert let_be(drifted("process"), drifted("tags.a"), rules=rules) == ["process", "tags.a"]
    assert let_be(drifted("process"), drifted("tags.a"), moved, rules=rules) == ["tags.a"]


def test_a_rule_is_in_force_to_the_end_of_its_day_and_then_says_so() -> None:
    rules = (make.rule(expires="2026-06-30"),)

    assert in_force(rules, "2026-06-30") == rules
    assert in_force(rules, "2026-07-01") == ()
    assert expired(rules, "2026-06-30") == ()
    assert expired(rules, "2026-07-01") == (
        "the rule `tagger` has no effect after 2026-06-30: the finance robot tags them (ann)",
    )

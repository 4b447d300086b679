"""Rules of the team's own: CEL over the plan, as data that may be a stranger's."""

import time
from typing import Any

import make
import pytest
from make import MODEL, SERVICE

from mlops.errors import SpecError
from mlops.rules import Broken, broken, check_rules
from mlops.spec import Rule
from mlops.values import Action, Cause, FieldChange, Impact

PORT = FieldChange(path="port", before=1, after=2, cause=Cause.CONFIG, impact=Impact.RESTART)
PLAN = make.plan(
    make.change(SERVICE, action=Action.UPDATE, fields=(PORT,), impact=Impact.RESTART),
    make.change(MODEL),
    make.change("laptop/service/kept", action=Action.KEEP),
)


def rule(when: str, **given: Any) -> Rule:
    defaults = {"name": "ours", "message": "not like this", "where": make.where(line=7)}
    return Rule(when=when, **{**defaults, **given})


@pytest.mark.parametrize(
    "when",
    [
        "plan.add > 0",
        "plan.project == 'quickstart'",
        "plan.changes.exists(c, c.kind == 'service' && c.impact == 'restart')",
        "plan.changes.exists(c, c.fields.exists(f, f.path == 'port' && f.after > f.before))",
        "plan.changes.all(c, c.name == 'diabetes')",
        "plan.changes.filter(c, c.place == 'laptop').size() == 1",
    ],
)
def test_a_rule_that_is_true_of_the_plan_refuses_it(when: str) -> None:
    found = broken(PLAN, [rule(when)])

    assert ["rule `ours`: not like this"] == [problem.summary for problem in found.errors]
    assert [7] == [problem.where.line for problem in found.errors if problem.where]


@pytest.mark.parametrize("when", ["plan.destroy > 0", "plan.changes.exists(c, c.action == '-')"])
def test_a_rule_that_is_not_true_of_the_plan_lets_it_pass(when: str) -> None:
    assert Broken() == broken(PLAN, [rule(when)])


def test_a_warning_refuses_nothing() -> None:
    found = broken(PLAN, [rule("true", severity="warning"), rule("false")])

    assert ((), 1) == (found.errors, len(found.warnings))


def test_every_wrong_rule_is_told_at_once() -> None:
    rules = [rule("plan.(", name="one"), rule("plan.nothing == 1", name="two"), rule("plan.add")]

    with pytest.raises(SpecError) as refused:
        broken(PLAN, rules)

    told = [problem.summary for problem in refused.value.problems]
    assert ["rule `one` is wrong", "rule `two` is wrong"] == [each[:19] for each in told[:2]]
    assert "rule `ours` is `1`, neither true nor false" == told[2]


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("plan.chnge > 0", "rule `ours` is wrong: there is no `chnge`"),
        ("plan.change >", "rule `ours` is wrong: column 14: mismatched input '<EOF>'"),
        ("plan.change >\n  (", "rule `ours` is wrong: line 2, column 4: mismatched input '<EOF>'"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_without_the_words_of_its_reader(
    when: str, words: str
) -> None:
    with pytest.raises(SpecError) as refused:
        broken(PLAN, [rule(when)])

    assert [words] == [problem.summary for problem in refused.value.problems]


def test_rules_are_compiled_without_a_plan() -> None:
    check_rules([rule("plan.nothing_yet == 1")])

    with pytest.raises(SpecError, match="rule `ours` is wrong"):
        check_rules([rule("plan.(")])


@pytest.mark.parametrize(
    "when",
    [
        "(" * 3900,
        "[0].map(x, " * 300 + "1" + ")" * 300 + " == 1",
    ],
    ids=["nested", "maps"],
)
def test_a_rule_that_breaks_its_reader_is_told_and_breaks_nothing_else(when: str) -> None:
    with pytest.raises(SpecError, match="rule `ours`"):
        broken(PLAN, [rule(when)])


def test_a_rule_that_does_not_end_is_ended() -> None:
    thousand = "[" + ",".join("0" for _ in range(60)) + "]"
    loops = "".join(f"{thousand}.all(v{n}, " for n in range(8))
    begun = time.monotonic()

    with pytest.raises(SpecError, match="gave no answer within its limits"):
        broken(PLAN, [rule(loops + "true" + ")" * 8)])

    assert time.monotonic() - begun < 60


def test_a_rule_can_read_no_secret_and_no_file() -> None:
    for when in ("env.HOME != ''", "open('/etc/passwd') != ''", "__import__('os') != null"):
        with pytest.raises(SpecError, match="is wrong"):
            broken(PLAN, [rule(when)])

"""Tells which rules of the team's own a plan breaks. The rules are CEL: data that runs nothing."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.errors import Problem, SpecError
from mlops.plain import thaw
from mlops.spec import Rule
from mlops.values import Change, Plan

PATIENCE = 20
"""Seconds that all rules together may take."""


class Broken(Struct, frozen=True, kw_only=True):
    """The rules that a plan breaks: those that refuse it, and those that only warn."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def check_rules(rules: Sequence[Rule]) -> None:
    """Raise SpecError with every rule that is no expression."""
    _answers(rules, None)


def broken(plan: Plan, rules: Sequence[Rule]) -> Broken:
    """Return what a plan breaks. Raises SpecError for rules that give no answer."""
    answers = _answers(rules, plan_facts(plan))
    told = [
        (rule, Problem(summary=f"rule `{rule.name}`: {rule.message}", where=rule.where))
        for rule, answer in zip(rules, answers, strict=True)
        if answer
    ]
    return Broken(
        errors=tuple(problem for rule, problem in told if rule.severity == "error"),
        warnings=tuple(problem for rule, problem in told if rule.severity == "warning"),
    )


def plan_facts(plan: Plan) -> dict[str, Any]:
    """Return what rules are asked about, as `plan`: its totals and each change that does something.

    A field of a change has `path`, `before`, `after`, `cause` and `impact`; what is absent is null.
    """
    counts = plan.counts
    return {
        "project": plan.project,
        "add": counts.add,
        "change": counts.change,
        "destroy": counts.destroy,
        "changes": [_change(change) for change in plan.pending],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "address": str(change.address),
        "place": change.address.place,
        "kind": change.address.kind,
        "name": change.address.name,
        "action": change.action.value,
        "impact": change.impact.value,
        "protect": bool(change.before and change.before.protect),
        "fields": [
            {
                "path": field.path,
                "before": thaw(field.before),
                "after": thaw(field.after),
                "cause": field.cause.value,
                "impact": field.impact.value,
            }
            for field in change.fields
        ],
        "before": thaw(change.before.fields) if change.before else None,
        "after": thaw(change.after.fields) if change.after else None,
    }


def _answers(rules: Sequence[Rule], document: Any) -> list[bool]:
    """Return the answer of each rule. Without a document they are only compiled."""
    if not rules:
        return []
    if importlib.util.find_spec("cel") is None:
        raise SpecError(
            Problem(
                summary="rules need the package `common-expression-language`",
                where=rules[0].where,
                hint="install it: `pip install 'mlops-apply[rules]'`",
            )
        )
    lines = _lines({"document": document, "expressions": [rule.when for rule in rules]})
    answers = [json.loads(line) for line in lines[: len(rules)]]
    problems = [*_wrong(rules, answers, compiled=document is None)]
    if len(answers) < len(rules):
        problems.append(_no_answer(rules[len(answers)]))
    if problems:
        raise SpecError(*problems)
    return [answer["value"] for answer in answers]


def _lines(asked: Mapping[str, Any]) -> list[str]:
    """Return what the program answers until it ends, or is ended."""
    program = subprocess.Popen(
        [sys.executable, "-m", "mlops.cel"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],  # modules are looked for here first: never in a checkout
        text=True,
        start_new_session=True,  # Ctrl-C is for whoever waits
    )
    try:
        out, _ = program.communicate(json.dumps(asked), timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        program.kill()
        out, _ = program.communicate()
    return out.splitlines()


def _wrong(
    rules: Sequence[Rule], answers: Sequence[Mapping[str, Any]], *, compiled: bool
) -> Iterator[Problem]:
    for rule, answer in zip(rules, answers, strict=False):
        if "error" in answer:
            said = _said(answer["error"])
            hint = "look at the expression in `when`; `has(x.y)` asks whether a key is there"
            yield Problem(
                summary=f"rule `{rule.name}` is wrong: {said}", where=rule.where, hint=hint
            )
        elif not compiled and not isinstance(answer["value"], bool):
            yield Problem(
                summary=f"rule `{rule.name}` is `{answer['value'][:60]}`, neither true nor false",
                where=rule.where,
                hint="make `when` a question, as `plan.destroy > 0`",
            )


def _said(error: str) -> str:
    """Return what the library says of an expression, without the names of its own making."""
    first = error.partition("\n")[0]
    if key := re.fullmatch(r"KeyError: '(.*)'", first):
        return f"there is no `{key[1]}`"
    syntax = re.search(r"<input>:(\d+):(\d+): (?:Syntax error: )?(.*)", error)
    if not syntax:
        return first[:200]
    line, column, words = syntax.groups()
    place = f"column {column}" if line == "1" else f"line {line}, column {column}"
    return f"{place}: {words.partition(' expecting ')[0][:160]}"


def _no_answer(rule: Rule) -> Problem:
    return Problem(
        summary=f"rule `{rule.name}` gave no answer within its limits of time and memory",
        where=rule.where,
        hint="ask for less: nest no loops over all changes",
    )

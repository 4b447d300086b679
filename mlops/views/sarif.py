"""The format for code scanning: SARIF 2.1.0, a result for each problem of a file."""

import json
import os.path
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from mlops import __version__
from mlops.drifted import Drift
from mlops.errors import Problem, Where
from mlops.events import Event, Failed, Report
from mlops.spec import Fields
from mlops.values import Action, Change, Plan
from mlops.views.paper import Paper
from mlops.views.words import drift_remarks, remarks

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
PROBLEM, LOSS, DRIFT, UNOBSERVED, RULE = "problem", "loss", "drift", "unobserved", "rule"
RULES = {
    PROBLEM: ("error", "What is written can't be delivered."),
    LOSS: ("warning", "A live service is deleted or made anew."),
    DRIFT: ("warning", "Somebody changed what was applied."),
    UNOBSERVED: ("warning", "Nobody could look at a target, for want of credentials."),
    RULE: ("warning", "A rule of the file warns of what the plan does."),
}
"""Rule -> its level, and what it is about."""

LOSSES = {Action.DELETE: "is deleted", Action.REPLACE: "is made anew"}


class SarifView:
    """Shows what is wrong as one log of one run. What is fine is a log without results."""

    def __init__(self, paper: Paper) -> None:
        self._root = paper.root

    def problems(self, problems: Sequence[Problem]) -> str:
        """Return a result for each problem with a place, a notification for any other."""
        return self._log([(PROBLEM, _told(problem), problem.where) for problem in problems])

    def plan(
        self, plan: Plan, refused: Sequence[Problem] = (), warned: Sequence[Problem] = ()
    ) -> str:
        """Return a result for each service that is deleted or made anew, and for each refusal."""
        lost = [
            (LOSS, f"{change.address} {LOSSES[change.action]}: {change.reason}", _place(change))
            for change in plan.pending
            if change.action in LOSSES and change.address.kind == "service"
        ]
        broken = [(PROBLEM, _told(problem), problem.where) for problem in refused]
        said = [(RULE, _told(problem), problem.where) for problem in warned]
        return self._log([*lost, *_unobserved(plan), *broken, *said], remarks(plan))

    def drift(self, drift: Drift) -> str:
        """Return a result for each thing that somebody changed."""
        return self._log(
            [
                (DRIFT, f"{change.address}: {change.reason}", _place(change))
                for change in drift.plan.pending
            ]
            + _unobserved(drift.plan),
            drift_remarks(drift),
        )

    def event(self, event: Event) -> str:  # noqa: ARG002  the protocol's signature
        """Return nothing: a log is whole."""
        return ""

    def report(self, report: Report) -> str:
        """Return a result for each failure."""
        ends = [end for end in report.outcomes if isinstance(end, Failed)]
        return self.problems([problem for end in ends for problem in end.problems])

    def rows(self, rows: Sequence[Fields]) -> str:  # noqa: ARG002  as above
        """Return a log without results."""
        return self._log([])

    def record(self, record: Fields) -> str:  # noqa: ARG002  as above
        """Return a log without results."""
        return self._log([])

    def _log(self, told: Iterable[tuple[str, str, Where | None]], notes: Iterable[str] = ()) -> str:
        results: list[dict[str, Any]] = []
        notifications: list[dict[str, Any]] = [
            {"level": "note", "message": {"text": note}} for note in notes
        ]
        for rule, text, where in told:
            level, _ = RULES[rule]
            if where is None:
                notifications.append({"level": level, "message": {"text": text}})
            else:
                place = [self._location(where)]
                result = {"ruleId": rule, "level": level, "message": {"text": text}}
                results.append({**result, "locations": place})
        invocation: dict[str, Any] = {"executionSuccessful": True}
        if notifications:
            invocation["toolExecutionNotifications"] = notifications
        run = {
            "tool": {"driver": _driver()},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": results,
        }
        log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
        return json.dumps(log, indent=2) + "\n"

    def _location(self, where: Where) -> dict[str, Any]:
        file = os.path.relpath(where.file, self._root or ".").replace(os.sep, "/")
        place: dict[str, Any] = {
            "artifactLocation": {"uri": quote(file), "uriBaseId": "%SRCROOT%"},
        }
        if where.line:
            place["region"] = {
                "startLine": where.line,
                "startColumn": max(where.column, 1),
                "endColumn": max(where.column, 1) + max(where.width, 1),
            }
            if where.text.strip():
                place["region"]["snippet"] = {"text": where.text}
        return {"physicalLocation": place}


def _driver() -> dict[str, Any]:
    rules = [
        {
            "id": rule,
            "shortDescription": {"text": text},
            "defaultConfiguration": {"level": level},
        }
        for rule, (level, text) in RULES.items()
    ]
    return {"name": "mlops", "version": __version__, "rules": rules}


def _told(problem: Problem) -> str:
    return f"{problem.summary}\n{problem.hint}" if problem.hint else problem.summary


def _unobserved(plan: Plan) -> list[tuple[str, str, Where | None]]:
    return [
        (UNOBSERVED, f"{one.place} is not observed: {_told(one.why)}", one.where)
        for one in plan.unobserved
    ]


def _place(change: Change) -> Where | None:
    return change.after.where if change.after else None

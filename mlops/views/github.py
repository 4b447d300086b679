"""The format for a job on GitHub: the text for its log, and annotations on the lines of the files.

What a log says of the user's is shut off from the runner, which takes commands out of it.
"""

import hashlib
import os.path
from collections.abc import Mapping, Sequence

from mlops.drifted import Drift
from mlops.errors import Problem, Where
from mlops.events import Event, Failed, Report, Returned
from mlops.planfile import plan_digest
from mlops.spec import Fields
from mlops.values import Action, Change, Plan
from mlops.views import changes, listing, progress
from mlops.views import problems as problem_text
from mlops.views.paper import Paper, plain

LOSSES = {Action.DELETE: "is deleted", Action.REPLACE: "is made anew"}


class GithubView:
    """Shows values as a log with workflow commands."""

    def __init__(self, paper: Paper) -> None:
        self._paper = Paper()
        self._root = paper.root

    def problems(self, problems: Sequence[Problem]) -> str:
        """Return the problems, and an error on the line of each."""
        told = _shut(problem_text.problems(problems, self._paper))
        return told + "".join(self._problem(problem) for problem in problems)

    def plan(
        self, plan: Plan, refused: Sequence[Problem] = (), warned: Sequence[Problem] = ()
    ) -> str:
        """Return what will happen, a warning on the line of what is destructive, and refusals."""
        told = _shut(changes.plan(plan, self._paper))
        lost = [
            self._warning(change, f"{change.address} {LOSSES[change.action]}: {change.reason}")
            for change in plan.pending
            if change.action in LOSSES and change.address.kind == "service"
        ]
        why = self.problems(refused) if refused else ""
        said = "".join(
            command("warning", problem.summary, self._place(problem.where)) for problem in warned
        )
        return told + "".join(lost) + self._unobserved(plan) + said + why

    def drift(self, drift: Drift) -> str:
        """Return what somebody else did, and a warning on the line of each thing."""
        told = _shut(changes.drift(drift, self._paper))
        return (
            told
            + "".join(
                self._warning(change, f"{change.address}: {change.reason}")
                for change in drift.plan.pending
            )
            + self._unobserved(drift.plan)
        )

    def event(self, event: Event) -> str:
        """Return what apply is doing."""
        return _shut(progress.event(event, self._paper))

    def report(self, report: Report) -> str:
        """Return what apply came to, and an error for each failure."""
        ends = [end for end in report.outcomes if isinstance(end, (Failed, Returned))]
        problems = [problem for end in ends for problem in end.problems] + [*report.problems]
        told = _shut(progress.report(report, self._paper))
        return told + "".join(self._problem(problem) for problem in problems)

    def rows(self, rows: Sequence[Fields]) -> str:
        """Return a table."""
        return _shut(listing.rows(rows, self._paper))

    def record(self, record: Fields) -> str:
        """Return the keys of one thing under each other."""
        return _shut(listing.record(record, self._paper))

    def _problem(self, problem: Problem) -> str:
        hint = f"\n{problem.hint}" if problem.hint else ""
        return command("error", problem.summary + hint, self._place(problem.where))

    def _warning(self, change: Change, text: str) -> str:
        where = change.after.where if change.after else None
        return command("warning", text, self._place(where))

    def _unobserved(self, plan: Plan) -> str:
        return "".join(
            command(
                "warning",
                f"{one.place} is not observed: {one.why.summary}\n{one.why.hint}",
                self._place(one.where),
            )
            for one in plan.unobserved
        )

    def _place(self, where: Where | None) -> Mapping[str, str]:
        """Return the properties that say where: of a file below the root of the checkout."""
        if where is None:
            return {}
        file = os.path.relpath(where.file, self._root or ".")
        place = {"file": where.file if file.startswith("..") else file}
        if where.line:
            end = where.column + max(where.width, 1)
            place |= {"line": str(where.line), "col": str(where.column), "endColumn": str(end)}
        return place


def command(name: str, text: str, properties: Mapping[str, str]) -> str:
    """Return a workflow command: `::error file=a.yaml,line=3::text`."""
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name}{' ' + told if told else ''}::{_data(text)}\n"


def outputs(values: Mapping[str, str]) -> str:
    """Return lines for `$GITHUB_OUTPUT`: no value can end its own and begin another."""
    return "".join(_output(name, value) for name, value in values.items())


def counts(plan: Plan) -> Mapping[str, str]:
    """Return what later steps may ask of a plan, as the outputs of a step."""
    total = plan.counts
    return {
        "changed": _changed(plan),
        "add": str(total.add),
        "change": str(total.change),
        "destroy": str(total.destroy),
        "digest": plan_digest(plan) if plan.pending else "",
        "unobserved": " ".join(one.place for one in plan.unobserved),
    }


def _changed(plan: Plan) -> str:
    if plan.pending:
        return "true"
    return "unknown" if plan.unobserved else "false"


def _output(name: str, value: str) -> str:
    end = f"end_{_token(value)}"
    return f"{name}<<{end}\n{value}\n{end}\n"


def _shut(text: str) -> str:
    """Return a text in which the runner looks for no commands."""
    if "::" not in text and "##[" not in text:
        return text
    token = _token(text)
    return f"::stop-commands::{token}\n{text}::{token}::\n"


def _token(text: str) -> str:
    """Return a word that the text can't hold, since it is made from the whole of it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _data(text: str) -> str:
    lines = text.replace("%", "%25").split("\n")
    return "%0A".join("%0D".join(map(plain, line.split("\r"))) for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

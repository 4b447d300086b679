"""The format for pull requests and issues: HTML within Markdown, under the limit of a comment."""

from collections.abc import Sequence

from mlops.drifted import Drift
from mlops.errors import Problem
from mlops.events import Event, Report
from mlops.spec import Fields
from mlops.values import Plan
from mlops.views import comment, outcomes
from mlops.views.paper import Paper
from mlops.views.progress import event as event_line

COMMENT = 59_000
"""Bytes of a comment: GitHub takes 65,536 characters, and a workflow may add some words."""


class MarkdownView:
    """Shows values as Markdown. Text of the user's neither breaks out of it nor calls anybody."""

    def __init__(self, limit: int = COMMENT) -> None:
        self._limit = limit

    def problems(self, problems: Sequence[Problem]) -> str:
        """Return each problem with its place and its hint."""
        return outcomes.problems(problems, self._limit)

    def plan(
        self, plan: Plan, refused: Sequence[Problem] = (), warned: Sequence[Problem] = ()
    ) -> str:
        """Return why it may not happen, if so, then what will, what is destructive first."""
        first = outcomes.broken(refused, warned, self._limit // 4)
        return first + comment.planned(plan, self._limit - len(first.encode()))

    def drift(self, drift: Drift) -> str:
        """Return what somebody else did."""
        return comment.drifted(drift, self._limit)

    def event(self, event: Event) -> str:
        """Return what apply is doing, in a line."""
        return event_line(event, Paper())

    def report(self, report: Report) -> str:
        """Return what apply came to."""
        return outcomes.report(report, self._limit)

    def rows(self, rows: Sequence[Fields]) -> str:
        """Return a table."""
        return outcomes.rows(rows)

    def record(self, record: Fields) -> str:
        """Return the keys of one thing under each other."""
        return outcomes.record(record)

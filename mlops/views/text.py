"""The format for people: lines for a terminal or a log."""

from collections.abc import Sequence

from mlops.drifted import Drift
from mlops.errors import Problem
from mlops.events import Event, Report
from mlops.spec import Fields
from mlops.values import Plan
from mlops.views import changes, listing, progress
from mlops.views import problems as problem_text
from mlops.views.paper import Paper


class TextView:
    """Shows values as text on a paper."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def problems(self, problems: Sequence[Problem]) -> str:
        """Return each problem with its place and its hint."""
        return problem_text.problems(problems, self._paper)

    def plan(
        self,
        plan: Plan,
        refused: Sequence[Problem] = (),  # noqa: ARG002  told after it
        warned: Sequence[Problem] = (),  # noqa: ARG002  as above
    ) -> str:
        """Return what will happen, and how much of it."""
        return changes.plan(plan, self._paper)

    def drift(self, drift: Drift) -> str:
        """Return what somebody else did."""
        return changes.drift(drift, self._paper)

    def event(self, event: Event) -> str:
        """Return what apply is doing, in a line."""
        return progress.event(event, self._paper)

    def report(self, report: Report) -> str:
        """Return what apply came to."""
        return progress.report(report, self._paper)

    def rows(self, rows: Sequence[Fields]) -> str:
        """Return a table."""
        return listing.rows(rows, self._paper)

    def record(self, record: Fields) -> str:
        """Return the keys of one thing under each other."""
        return listing.record(record, self._paper)

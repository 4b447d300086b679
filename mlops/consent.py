"""A plan that was agreed to beforehand, by its digest or by its file: it runs once, and no other.

What was begun under it may be finished under it: a run that was cut short leaves a part of the
plan to do.
"""

from typing import Any, Protocol

from msgspec import Struct

from mlops.errors import Problem, StaleError
from mlops.planfile import Agreed, agreed, agreed_of, agreed_record, beyond, differences, moved
from mlops.spec import Fields
from mlops.values import Impact, Plan

SHOWN = 20
"""Items that are named at most."""


class Approvals(Protocol):
    """Remembers which plans were begun and done, by their digests."""

    def begun(self, digest: str) -> Any:
        """Return what was agreed to under a digest; None if nothing of it was begun."""

    def done(self, digest: str) -> Any:
        """Return how the plan of a digest came to its end; None if it did not."""

    def begin(self, digest: str, record: Fields) -> None:
        """Write down what is agreed to."""

    def finish(self, digest: str, record: Fields) -> None:
        """Write down that the plan came to its end."""


class Consent(Struct, frozen=True, kw_only=True):
    """What was agreed to: a digest, and the items of a plan file where there is one."""

    digest: str
    approvals: Approvals
    file: Agreed | None = None

    def check(self, plan: Plan) -> None:
        """Raise StaleError, naming the items, unless a plan is the one that was agreed to."""
        done = self.approvals.done(self.digest)
        if done is not None and not plan.pending:
            return
        problems = self._applied(done) if done is not None else self._differs(agreed(plan))
        if len(problems) > SHOWN:
            more = Problem(summary=f"and {len(problems) - SHOWN} more items differ")
            problems = (*problems[:SHOWN], more)
        if problems:
            raise StaleError(*problems)

    def begin(self, plan: Plan) -> None:
        """Write down what is about to be done under this consent."""
        self.approvals.begin(self.digest, agreed_record(agreed(plan)))

    def finish(self, revision: int) -> None:
        """Write down that all of what was begun was done."""
        if self.approvals.begun(self.digest) is not None:
            self.approvals.finish(self.digest, {"revision": revision})

    def _applied(self, done: Any) -> tuple[Problem, ...]:
        return (
            Problem(
                summary=f"the plan `{self.digest[:12]}` was applied already, by revision"
                f" {done.get('revision')}, and there is something to do again",
                hint="plan again, and agree to that one",
            ),
        )

    def _differs(self, now: Agreed) -> tuple[Problem, ...]:
        begun = self.approvals.begun(self.digest)
        if begun is not None:
            return beyond(agreed_of(begun), now)
        if self.file is not None:
            return (*differences(self.file, now), *moved(self.file, now))
        if now.digest == self.digest:
            return ()
        if not now.items:
            summary = f"the plan is not `{self.digest[:12]}` any more: there is nothing to do"
            hint = "see `mlops history`: somebody made it so, or took it back"
            return (Problem(summary=summary, hint=hint),)
        return (
            Problem(
                summary=f"the plan is not `{self.digest[:12]}` any more: it is"
                f" `{now.digest[:12]}`, which does the following",
                hint="look at it, and agree to that one",
            ),
            *(
                Problem(summary=f"`{item.action}` `{item.address}`{_cost(item.impact)}")
                for item in now.items
            ),
        )


def _cost(impact: str) -> str:
    return "" if impact == Impact.NONE.value else f" costs `{impact}`"

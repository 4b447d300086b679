"""What a run comes to: nothing to say, or the error whose exit code tells it. Pure."""

from mlops.errors import (
    IncompleteError,
    LockedError,
    Problem,
    RefusedError,
    SpecError,
    StaleError,
    StoppedError,
    TargetError,
)
from mlops.events import Done, Failed, Report, Returned
from mlops.policy import blocked
from mlops.values import Plan

WORST = (IncompleteError, TargetError, LockedError, StaleError, RefusedError, SpecError)
"""What failures come to where nothing was changed, the worst first."""


def check_ended(agreed: Plan, report: Report) -> None:
    """Raise what a report comes to; where several codes hold, the worst."""
    if report.stopped:
        raise StoppedError
    failures = [end for end in report.outcomes if isinstance(end, Failed)]
    changed = any(isinstance(end, (Done, Returned)) for end in report.outcomes)
    returned = any(isinstance(end, Returned) for end in report.outcomes)
    if failures and not changed and not report.problems:
        raise next(kind for kind in WORST if kind.code in {end.code for end in failures})
    if failures or returned or report.problems:
        raise IncompleteError
    refused = blocked(agreed)
    if refused:
        problems = (
            Problem(summary=f"`{address}` is left as it is: {because}")
            for address, because in refused.items()
        )
        raise RefusedError(*problems)

"""What `apply` and `destroy` share: the question, the run, the report, the proof."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

import click

from mlops.cli.options import Agreement
from mlops.cli.session import Session
from mlops.cli.terminal import say, typing, view, write
from mlops.cli.watching import shown, stopping, waiting
from mlops.errors import (
    IncompleteError,
    LockedError,
    MlopsError,
    Problem,
    RefusedError,
    SpecError,
    StaleError,
    StoppedError,
    TargetError,
)
from mlops.events import Done, Failed, Outcome, Progressed, Report, Returned, Started
from mlops.policy import Limits, blocked, check, removals
from mlops.protocols import Means
from mlops.run import World, carry_out, prove, survey
from mlops.selection import Selection
from mlops.spec import Fields
from mlops.values import Address, Desired, Plan

WORST = (IncompleteError, TargetError, LockedError, StaleError, RefusedError, SpecError)
"""What failures come to where nothing was changed, the worst first."""

Desire = Callable[[], tuple[Desired, ...]]


def change_world(
    session: Session,
    desire: Desire,
    selection: Selection,
    agreement: Agreement,
    holds: Mapping[Address, Fields] | None = None,
) -> None:
    """Show the plan, ask, apply it under the lock, report, and prove that nothing is left to do.

    Nobody waits for a person: the question comes before the lock, and what was agreed to is
    looked at again under it. A plan that changes nothing needs no lock and writes nothing, unless
    an earlier run was cut short: then its records are brought to their end. Raises RefusedError
    or StaleError before anything is touched, IncompleteError or TargetError after.
    """
    world = session.world
    found = survey(world, desire(), selection)
    _show_plan(found, agreement)
    if not found.pending and not world.records.open():
        _show_report(Report(outcomes=()), agreement)
        return
    _agree(found, agreement)
    lock = session.lock(agreement.command)
    with lock.acquire(agreement.lock_timeout, waiting()) as lease:
        world = session.world  # whoever held the lock may have left a target
        agreed = _still(found, survey(world, desire(), selection), agreement)
        report = _carried_out(world, agreed, agreement, session.means(lease), holds)
        report = _proved(world, agreed, report)
    _show_report(report, agreement)
    _judged(report, agreed)


def _still(found: Plan, agreed: Plan, agreement: Agreement) -> Plan:
    """Return the plan under the lock, if it is the one that was agreed to, or needs no question.

    Raises StaleError where a person said yes to another one, RefusedError beyond the limits.
    """
    if not agreed.pending or _essence(agreed) == _essence(found):
        return agreed
    _show_plan(agreed, agreement)
    if not agreement.approved:
        raise StaleError(
            Problem(
                summary="the world changed since the plan was agreed to; nothing was changed",
                hint="look at the plan above, and apply again",
            )
        )
    _check_limits(agreed, agreement)
    return agreed


def _essence(plan: Plan) -> list[object]:
    """Return what makes a plan this plan: not its words, not the predicted versions."""
    return [
        (
            change.address,
            change.action,
            [(each.path, each.before, each.after) for each in change.fields],
        )
        for change in plan.pending
    ]


def _proved(world: World, agreed: Plan, report: Report) -> Report:
    """Return the report with what a second look still finds, where all was done."""
    refused = blocked(agreed)
    if report.problems or not all(
        isinstance(end, Done) or end.address in refused for end in report.outcomes
    ):
        return report
    try:
        return replace(report, problems=prove(world, agreed.wanted, agreed))
    except MlopsError as error:
        return replace(report, problems=error.problems)


def _show_report(report: Report, agreement: Agreement) -> None:
    if agreement.stream:
        say(view("text").report(report))
    elif agreement.form == "json" or report.outcomes:
        write(view(agreement.form).report(report))


def _show_plan(agreed: Plan, agreement: Agreement) -> None:
    if agreement.form == "text" and not agreement.stream:
        write(view("text").plan(agreed))


def _agree(agreed: Plan, agreement: Agreement) -> None:
    """Check the limits and ask whoever can answer. Raises RefusedError."""
    if not agreed.pending:
        return
    count = len(removals(agreed))
    asks = typing() and not agreement.approved
    if agreement.deletes is None and count and asks:
        _asked(f"This deletes {count}. Type the number to go on", str(count))
        return
    _check_limits(agreed, agreement)
    if agreement.approved:
        return
    if agreement.form != "text" or agreement.stream:
        say(view("text").plan(agreed))
    if not asks:
        raise RefusedError(
            Problem(
                summary="nobody is there to say yes",
                hint="run with `--auto-approve`, or at a terminal",
            )
        )
    _asked("Apply this plan? Only `yes` is taken", "yes")


def _check_limits(agreed: Plan, agreement: Agreement) -> None:
    problems = check(agreed, Limits(deletes=agreement.deletes or 0))
    if problems:
        raise RefusedError(*problems)


def _asked(question: str, expected: str) -> None:
    answer = click.prompt(question, default="", show_default=False, err=True)
    if answer.strip() != expected:
        raise RefusedError(Problem(summary="not applied; nothing was changed"))


def _carried_out(
    world: World,
    agreed: Plan,
    agreement: Agreement,
    means: Means,
    holds: Mapping[Address, Fields] | None,
) -> Report:
    """Apply the plan, showing each event as it comes. Ctrl-C gives what runs a few seconds.

    Once the first record is written, whatever fails is told in the report.
    """
    stop = threading.Event()
    ends: list[Outcome] = []
    problems: tuple[Problem, ...] = ()
    events = carry_out(world, agreed, means, stop, agreement.parallelism, holds)
    with stopping(stop), shown(agreement.form, stream=agreement.stream) as show:
        try:
            for event in events:
                show(event)
                if not isinstance(event, (Started, Progressed)):
                    ends.append(event)
        except MlopsError as error:
            if not ends:
                raise
            problems = error.problems
    return Report(outcomes=tuple(ends), stopped=stop.is_set(), problems=problems)


def _judged(report: Report, agreed: Plan) -> None:
    """Raise what the report comes to; where several codes hold, the worst."""
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

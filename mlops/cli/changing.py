"""What `apply` and `destroy` share: the question, the stream of events, the report, the proof."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from types import FrameType

import click

from mlops.cli.session import Session
from mlops.cli.terminal import paper, say, typing, view, write
from mlops.errors import (
    IncompleteError,
    Problem,
    RefusedError,
    StoppedError,
    TargetError,
)
from mlops.events import Done, Event, Failed, Report, Skipped
from mlops.policy import Limits, blocked, check, removals
from mlops.run import carry_out, prove, survey
from mlops.values import Desired, Plan

Show = Callable[[Event], None]


def change_world(
    session: Session,
    desired: Sequence[Desired],
    *,
    approved: bool,
    deletes: int | None,
    form: str,
) -> None:
    """Show the plan, ask, apply it, report, and prove that nothing is left to do.

    Raises RefusedError before anything is touched, IncompleteError or TargetError after.
    """
    world = session.world
    agreed = survey(world, desired)
    if form == "text":
        write(view(form).plan(agreed))
    if agreed.pending:
        _agree(agreed, approved=approved, deletes=deletes)
    report = _carried_out(session, agreed, form)
    if all(isinstance(end, Done) or end.address in blocked(agreed) for end in report.outcomes):
        report = replace(report, problems=prove(world, desired, agreed))
    if form == "json" or agreed.pending:
        write(view(form).report(report))
    _judged(report, agreed)


def _agree(agreed: Plan, *, approved: bool, deletes: int | None) -> None:
    """Check the limits and ask whoever can answer. Raises RefusedError."""
    count = len(removals(agreed))
    if deletes is None and count and typing() and not approved:
        _asked(f"This deletes {count}. Type the number to go on", str(count))
        return
    problems = check(agreed, Limits(deletes=deletes or 0))
    if problems:
        raise RefusedError(*problems)
    if approved:
        return
    if not typing():
        raise RefusedError(
            Problem(
                summary="nobody is there to say yes",
                hint="run with `--auto-approve`, or at a terminal",
            )
        )
    _asked("Apply this plan? Only `yes` is taken", "yes")


def _asked(question: str, expected: str) -> None:
    answer = click.prompt(question, default="", show_default=False, err=True)
    if answer.strip() != expected:
        raise RefusedError(Problem(summary="not applied; nothing was changed"))


def _carried_out(session: Session, agreed: Plan, form: str) -> Report:
    """Apply the plan, showing each event as it comes. Ctrl-C lets the running change finish."""
    stop = threading.Event()
    ends: list[Done | Failed | Skipped] = []
    with _stopping(stop), _shown(form) as show:
        for event in carry_out(session.world, agreed, session.means, stop):
            show(event)
            if isinstance(event, (Done, Failed, Skipped)):
                ends.append(event)
    return Report(outcomes=tuple(ends), stopped=stop.is_set())


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at the first Ctrl-C or SIGTERM; the second one interrupts at once."""

    def first(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)
        say("stopping after the change that runs; once more stops at once\n")

    before = {number: signal.signal(number, first) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shown(form: str) -> AbstractContextManager[Show]:
    """Return what shows events: spinners at a terminal, lines elsewhere, nothing for JSON."""
    if form == "json":
        return nullcontext(lambda _: None)
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415  80 ms, for a terminal alone

        from mlops.views.live import live  # noqa: PLC0415  as above

        return live(Console(stderr=True, no_color=not paper(sys.stderr).color))
    lines = view(form)
    return nullcontext(lambda event: say(lines.event(event)))


def _judged(report: Report, agreed: Plan) -> None:
    """Raise what the report comes to; where several codes hold, the worst."""
    failures = [end for end in report.outcomes if isinstance(end, Failed)]
    changed = any(isinstance(end, Done) for end in report.outcomes)
    if report.stopped:
        raise StoppedError
    if failures and not changed and all(end.code == TargetError.code for end in failures):
        raise TargetError
    if failures or report.problems:
        raise IncompleteError
    problems = (
        Problem(summary=f"`{address}` is left as it is: {because}")
        for address, because in blocked(agreed).items()
    )
    if blocked(agreed):
        raise RefusedError(*problems)

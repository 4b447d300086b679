"""What `apply`, `destroy` and `rollback` share: a run is shown, asked for and reported here."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click
from msgspec import Struct
from msgspec.structs import replace

from mlops.ancestry import Leave
from mlops.cli.agreed import check_commit, check_rules, consent
from mlops.cli.agreement import Agreement
from mlops.cli.session import Session
from mlops.cli.showing import show
from mlops.cli.terminal import say, typing, view, write
from mlops.cli.watching import Show, shown, stopping, waiting
from mlops.errors import Problem, RefusedError
from mlops.events import Report
from mlops.planfile import Agreed
from mlops.run import Job, Terms, run
from mlops.selection import Selection
from mlops.spec import Fields
from mlops.values import Address, Desired, Plan
from mlops.verdict import check_ended

Desire = Callable[[], tuple[Desired, ...]]


def change_world(
    session: Session,
    desire: Desire,
    selection: Selection,
    agreement: Agreement,
    *,
    holds: Mapping[Address, Fields] | None = None,
    agreed: Agreed | None = None,
) -> None:
    """Make the live world what is desired, before the eyes of whoever runs the command.

    `agreed` is what a plan file says that may be done. Raises RefusedError or StaleError before
    anything is touched, IncompleteError or TargetError after.
    """
    lock = session.lock(agreement.command)
    told: set[str] = set()
    job = Job(
        world=lambda: replace(session.world, secrets=session.secrets),
        desired=desire,
        lock=lambda: lock.acquire(agreement.lock_timeout, waiting()),
        means=session.means,
        selection=selection,
        holds=holds,
        parallelism=agreement.parallelism,
        consent=consent(session, agreement.digest, agreed),
        gate=lambda plan: _check(session, plan, agreement.leave, told),
    )
    terms = Terms(approves=agreement.approves, attended=typing(), deletes=agreement.deletes)
    ended = run(job, terms, Terminal(agreement))
    _show_report(ended.report, agreement)
    check_ended(ended.plan, ended.report)


def _check(session: Session, plan: Plan, leave: Leave, told: set[str]) -> None:
    """Raise RefusedError where the order of commits, or a rule of the file, forbids a plan."""
    check_commit(session, leave, told)
    check_rules(session, plan, told)


class Terminal(Struct, frozen=True):
    """Shows a run in the format that was asked for, and asks whoever types."""

    agreement: Agreement

    def see(self, plan: Plan) -> None:
        """Show a plan, unless a document or a stream is asked for."""
        if self.agreement.form in ("text", "github") and not self.agreement.stream:
            write(view(self.agreement.form).plan(plan))

    def agree(self, plan: Plan, deletes: int) -> None:
        """Raise RefusedError unless somebody types yes, or the number of deletes."""
        if self.agreement.form != "text" or self.agreement.stream:
            say(view("text").plan(plan))
        if not typing():
            raise RefusedError(
                Problem(
                    summary="nobody is there to say yes",
                    hint="run with `--auto-approve`, or at a terminal",
                )
            )
        if deletes:
            _asked(f"This deletes {deletes}. Type the number to go on", str(deletes))
        else:
            _asked("Apply this plan? Only `yes` is taken", "yes")

    @contextmanager
    def watch(self, stop: threading.Event) -> Iterator[Show]:
        """Show each event as it comes. Ctrl-C sets `stop`."""
        with stopping(stop), shown(self.agreement.form, stream=self.agreement.stream) as show:
            yield show


def _show_report(report: Report, agreement: Agreement) -> None:
    if agreement.stream:
        say(view("text").report(report))
    elif agreement.form == "json" or report.outcomes:
        show(agreement.form, lambda view: view.report(report))


def _asked(question: str, expected: str) -> None:
    answer = click.prompt(question, default="", show_default=False, err=True)
    if answer.strip() != expected:
        raise RefusedError(Problem(summary="not applied; nothing was changed"))

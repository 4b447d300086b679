"""One walk of the pipeline: plan, agree, lock, plan again, apply, prove.

Never prints and asks nobody itself: an audience is shown what happens and says yes or no.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from mlops.apply import PARALLELISM
from mlops.carry_out import carry_out
from mlops.consent import Consent
from mlops.errors import CredentialsError, MlopsError, Problem, RefusedError, StaleError
from mlops.events import Done, Event, Outcome, Progressed, Report, Started
from mlops.observe import observe, waking
from mlops.policy import Limits, blocked, check, removals, strength, stronger
from mlops.protocols import Lease, Means, World
from mlops.prove import prove
from mlops.selection import Selection
from mlops.spec import Fields
from mlops.survey import EVERYTHING, survey
from mlops.values import Address, Desired, Impact, Ownership, Plan


def _open(_: Plan) -> None:
    """Let every plan pass."""


class Job(Struct, frozen=True, kw_only=True):
    """What a run shall make, and where it gets what it needs.

    `world` and `desired` are asked again under the lock, since whoever held it may have changed
    both. What is made of an address in `holds` is held against those fields. `consent` is to the
    one plan that may run; `gate` raises RefusedError where the project's own rules, or the order
    of commits, forbid a plan.
    """

    world: Callable[[], World]
    desired: Callable[[], tuple[Desired, ...]]
    lock: Callable[[], AbstractContextManager[Lease]]
    means: Callable[[Lease], Means]
    selection: Selection = EVERYTHING
    holds: Mapping[Address, Fields] | None = None
    parallelism: int = PARALLELISM
    consent: Consent | None = None
    gate: Callable[[Plan], None] = _open


class Terms(Struct, frozen=True, kw_only=True):
    """What was agreed to before anything was seen.

    `approves` is the worst impact that needs no question, None to ask for everything; `deletes`
    is how many services may be deleted, None where nobody said; `attended` tells that somebody is
    there who can answer.
    """

    approves: Impact | None = None
    attended: bool = False
    deletes: int | None = None

    def approve(self, plan: Plan) -> bool:
        """Tell whether a plan needs no question."""
        return self.approves is not None and not stronger(plan, self.approves)


class Audience(Protocol):
    """Whoever a run answers to."""

    def see(self, plan: Plan) -> None:
        """Take note of a plan."""

    def agree(self, plan: Plan, deletes: int) -> None:
        """Raise RefusedError unless somebody says yes: by this number, where it is not 0."""

    def watch(self, stop: threading.Event) -> AbstractContextManager[Callable[[Event], None]]:
        """Return what is told each event as it comes; whoever watches may set `stop`."""


class Ended(Struct, frozen=True, kw_only=True):
    """A run that is over: the plan that was applied, and what came of it."""

    plan: Plan
    report: Report


def run(job: Job, terms: Terms, audience: Audience) -> Ended:
    """Show the plan, ask, apply it under the lock, and prove that nothing is left to do.

    Nobody waits for a person: the question comes before the lock, and what was agreed to is
    looked at again under it. A plan that changes nothing needs no lock and writes nothing, unless
    the records of an earlier run are to be brought to their end. Raises RefusedError or
    StaleError before anything is touched; what fails later is in the report.
    """
    world = job.world()
    with waking(world.places):
        desired = job.desired()
    found = survey(world, desired, job.selection)
    audience.see(found)
    _check_observed(found)
    if job.consent:
        job.consent.check(found)
    if not found.pending and _recorded(world, found):
        if job.consent:
            job.consent.finish(0)
        return Ended(plan=found, report=Report(outcomes=()))
    _agree(found, job, terms, audience)
    with job.lock() as lease:
        world = job.world()
        agreed = survey(world, job.desired(), job.selection)
        _check_observed(agreed)
        _check_agreed(agreed, found, job, terms, audience)
        if job.consent:
            job.consent.begin(agreed)
        report = _carried_out(world, agreed, job, job.means(lease), audience)
        report = _proved(world, agreed, report)
        if _whole(agreed, report):
            _end(world, job, lease)
        return Ended(plan=agreed, report=report)


def _end(world: World, job: Job, lease: Lease) -> None:
    """Say that all is done, and look no longer where nothing of ours is."""
    if job.consent:
        job.consent.finish(lease.number)
    with suppress(MlopsError):  # the next run looks there again
        _leave_empty(world, lease)


def _recorded(world: World, found: Plan) -> bool:
    """Tell whether the records say all that is known: how every run ended, what is made, and left.

    What is ours at a place that was left is always to be deleted.
    """
    kept = {change.address for change in found.changes}
    looked = {address.place for address in found.left_out}
    return (
        not world.records.open()
        and kept.isdisjoint(world.records.unfinished())
        and looked.issuperset(world.left)
    )


def _leave_empty(world: World, lease: Lease) -> None:
    """Look no longer at the places that were left and have nothing of ours any more."""
    seen = observe((), {name: world.places[name] for name in world.left})
    used = {thing.address.place for thing in seen if thing.ownership is Ownership.OURS}
    empty = [name for name in world.left if name not in used]
    if empty:
        lease.check()
        world.records.leave(lease.number, empty)


def _check_observed(found: Plan) -> None:
    """Raise CredentialsError where something of a plan was not observed."""
    problems = (
        replace(
            one.why,
            summary=f"`{one.place}` is not observed: {one.why.summary}",
            hint=f"{one.why.hint}; or leave it out by `--exclude {one.place}`".lstrip("; "),
        )
        for one in found.unobserved
    )
    if found.unobserved:
        raise CredentialsError(*problems)


def _agree(found: Plan, job: Job, terms: Terms, audience: Audience) -> None:
    """Check the limits and ask whoever can answer. Raises RefusedError."""
    if not found.pending:
        return
    if job.consent:  # it grants the deletes of its plan
        job.gate(found)
        return
    count = len(removals(found))
    approved = terms.approve(found)
    counted = bool(terms.deletes is None and count and terms.attended and not approved)
    if not counted:
        _check_limits(found, terms)
    job.gate(found)
    if counted:
        audience.agree(found, count)
    elif not approved:
        _check_level(found, terms)
        audience.agree(found, 0)


def _check_level(found: Plan, terms: Terms) -> None:
    """Raise RefusedError where nobody is there to agree to what goes beyond a given level."""
    if terms.attended or terms.approves is None:
        return
    problems = (
        Problem(
            summary=f"`{change.address}`: `{change.action.value}` costs more than"
            f" `{terms.approves.value}`: `{strength(change).value}`",
            hint="agree to this plan by `--digest`, or run with `--auto-approve`",
        )
        for change in stronger(found, terms.approves)
    )
    raise RefusedError(*problems)


def _check_agreed(agreed: Plan, found: Plan, job: Job, terms: Terms, audience: Audience) -> None:
    """Refuse the plan under the lock unless it is the agreed one, or needs no question.

    Raises StaleError where a person said yes to another one, RefusedError beyond the limits.
    """
    if job.consent:
        job.consent.check(agreed)
    if not agreed.pending:
        if found.pending:
            audience.see(agreed)  # whoever held the lock did it all
        return
    job.gate(agreed)
    if job.consent or _essence(agreed) == _essence(found):
        return
    audience.see(agreed)
    if not terms.approve(agreed):
        raise StaleError(
            Problem(
                summary="the world changed since the plan was agreed to; nothing was changed",
                hint="look at the plan above, and apply again",
            )
        )
    _check_limits(agreed, terms)


def _check_limits(found: Plan, terms: Terms) -> None:
    problems = check(found, Limits(deletes=terms.deletes or 0))
    if problems:
        raise RefusedError(*problems)


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


def _carried_out(world: World, agreed: Plan, job: Job, means: Means, audience: Audience) -> Report:
    """Apply the plan, telling each event as it comes.

    Once the first record is written, whatever fails is told in the report.
    """
    stop = threading.Event()
    ends: list[Outcome] = []
    problems: tuple[Problem, ...] = ()
    events = carry_out(world, agreed, means, stop, job.parallelism, job.holds)
    with audience.watch(stop) as tell:
        try:
            for event in events:
                tell(event)
                if not isinstance(event, (Started, Progressed)):
                    ends.append(event)
        except MlopsError as error:
            if not ends:
                raise
            problems = error.problems
    return Report(outcomes=tuple(ends), stopped=stop.is_set(), problems=problems)


def _whole(agreed: Plan, report: Report) -> bool:
    """Tell whether a run did all that was agreed to, but for what is protected."""
    refused = blocked(agreed)
    return not report.problems and all(
        isinstance(end, Done) or end.address in refused for end in report.outcomes
    )


def _proved(world: World, agreed: Plan, report: Report) -> Report:
    """Return the report with what a second look still finds, where all was done."""
    if not _whole(agreed, report):
        return report
    try:
        return replace(report, problems=prove(world, agreed.wanted, agreed))
    except MlopsError as error:
        return replace(report, problems=error.problems)

"""What a run was agreed to beforehand: a plan by its digest or its file, and commits in order."""

from pathlib import Path

from mlops.ancestry import Applied, Leave, check_order
from mlops.cli.filing import read_file
from mlops.cli.session import Session
from mlops.cli.terminal import say
from mlops.consent import Consent
from mlops.errors import Problem, RefusedError, SpecError
from mlops.planfile import Agreed, read_plan
from mlops.rules import Broken, broken
from mlops.selection import Selection
from mlops.store.approvals import Approvals
from mlops.store.revisions import last_of_default_branch
from mlops.values import Plan


def consent(session: Session, digest: str, agreed: Agreed | None) -> Consent | None:
    """Return the consent to one plan, if only one may run: that of a file, or of a digest."""
    if agreed is None and not digest:
        return None
    approvals = Approvals(objects=session.objects, project=session.spec.project)
    return Consent(digest=agreed.digest if agreed else digest, approvals=approvals, file=agreed)


def check_commit(session: Session, leave: Leave, told: set[str]) -> None:
    """Raise RefusedError for a commit out of order; tell what can't be checked, once a run."""
    last = last_of_default_branch(session.objects, session.spec.project)
    commit = str(last.lineage.get("commit", "")) if last else ""
    applied = Applied(commit=commit, revision=last.number) if last and commit else None
    notes = set(check_order(Path(session.spec.folder), applied, leave)) - told
    for note in sorted(notes):
        say(f"note: {note}\n")
    told |= notes


def check_rules(session: Session, plan: Plan, told: set[str]) -> None:
    """Raise RefusedError for a plan that breaks a rule; tell what only warns, once a run."""
    refused = ruled(session, plan, told).errors
    if refused:
        raise RefusedError(*refused)


def ruled(session: Session, plan: Plan, told: set[str]) -> Broken:
    """Return which rules of the file a plan breaks; tell what only warns, once a run."""
    if not session.spec.rules or not plan.pending:
        return Broken()
    found = broken(plan, session.spec.rules)
    for problem in found.warnings:
        if problem.summary not in told:
            say(f"warning: {problem.summary}\n")
    told |= {problem.summary for problem in found.warnings}
    return found


def planned(session: Session, path: Path) -> tuple[Agreed, Selection]:
    """Return what a plan file says that may be done, and of what. Raises SpecError."""
    project, agreed, selection = read_plan(read_file(path, "plan", "mlops plan --out"), str(path))
    if project != session.spec.project:
        raise SpecError(
            Problem(
                summary=f"`{path}` is a plan of the project `{project}`, and this is"
                f" `{session.spec.project}`",
                hint="apply it with the files that it was made from",
            )
        )
    return agreed, selection

"""`mlops models delete`: only what nothing uses."""

import click

from mlops.artefacts import ModelVersion
from mlops.cli.models.using import users
from mlops.cli.models.versions import known, numbered
from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import Session, open_session
from mlops.cli.terminal import say, typing, write
from mlops.cli.watching import waiting
from mlops.errors import Problem, RefusedError, SpecError
from mlops.settings import reference_parts
from mlops.store.desired import model_address
from mlops.store.removal import delete_version
from mlops.units import size

PATIENCE = 60.0
"""Seconds to wait for a run that applies."""


@click.command("delete")
@click.argument("reference")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_files
@with_color
def deleted(reference: str, yes: bool, files: Files) -> None:  # noqa: FBT001  click's signature
    """Delete the version NAME:VERSION that nothing uses. Its number is never used again."""
    session = open_session(files)  # whole: what the file wants is not deleted
    version, gone = _found(session, reference)
    with session.lock("mlops models delete").acquire(PATIENCE, waiting()) as lease:
        note = "" if gone else _agreed(session, version, yes=yes)
        lease.check()
        freed = delete_version(session.objects, version, session.lineage())
    verb = "was deleted already" if gone else "is deleted"
    write(f"{numbered(version)} {verb}, {size(freed)} freed.\n")
    say(note)


def _agreed(session: Session, version: ModelVersion, *, yes: bool) -> str:
    """Return a note for whoever deletes a version. Raises RefusedError if it is used."""
    desired = session.desired()
    problems = users(session, desired, version)
    if problems:
        raise RefusedError(*problems)
    if not yes:
        _ask(version)
    address, digest = model_address(version.name), version.content.digest
    if any(thing.address == address and thing.fields["digest"] == digest for thing in desired):
        return "note: the file still names it, so the next apply registers it again\n"
    return ""


def _ask(version: ModelVersion) -> None:
    name = numbered(version)
    if not typing():
        problem = Problem(summary="nobody is there to say yes", hint="run with `--yes`")
        raise RefusedError(problem)
    question = f"This deletes {name} for good. Type {name} to go on"
    answer = click.prompt(question, default="", show_default=False, err=True)
    if answer.strip() != name:
        raise RefusedError(Problem(summary="not deleted; nothing was changed"))


def _found(session: Session, reference: str) -> tuple[ModelVersion, bool]:
    """Return the version of `name:3`, and whether it is deleted already. Raises SpecError."""
    name, number, alias = reference_parts(reference)
    if alias or not number.isdecimal():
        problem = Problem(summary=f"`{reference}` is no version", hint="write NAME:VERSION")
        raise SpecError(problem)
    gone = session.registry.deleted(name, int(number))
    return (gone, True) if gone else (known(session.registry, reference), False)

"""`mlops plan`: show what would change."""

from pathlib import Path

import click

from mlops.cli.agreed import ruled
from mlops.cli.filing import write_file
from mlops.cli.options import (
    CHECKS,
    Files,
    with_also,
    with_color,
    with_files,
    with_formats,
    with_selection,
)
from mlops.cli.session import open_session
from mlops.cli.showing import show
from mlops.cli.surveying import surveyed
from mlops.cli.terminal import write
from mlops.errors import CredentialsError, Problem, RefusedError
from mlops.planfile import plan_digest, plan_document
from mlops.selection import Selection
from mlops.views.github import counts
from mlops.views.json import to_json

APART = ("text", "json")
"""Formats whose refusals are told on standard error too."""

CHANGES = 2
"""Exit code of `--detailed-exitcode` when something would change."""


@click.command("plan")
@with_files
@with_selection
@with_formats(*CHECKS)
@with_also
@click.option("--out", type=click.Path(path_type=Path), help="Write the plan to a file.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something would change.")
@with_color
def command(
    files: Files, selection: Selection, form: str, out: Path | None, *, detailed_exitcode: bool
) -> int:
    """Show what would change, and why. Changes nothing.

    `mlops apply` runs only this plan when it is given the file of `--out`, or the digest. Where
    the credentials for a target are missing, the plan is of the rest, has no digest, and the exit
    code is 6.
    """
    session = open_session(files)
    found = surveyed(session, selection)
    if out is not None and not found.unobserved:
        write_file(out, to_json(plan_document(found, selection, session.lineage())))
    told = ruled(session, found, set())
    refused = told.errors
    show(form, lambda view: view.plan(found, refused, told.warnings), counts(found))
    digest = plan_digest(found)
    if form == "text" and found.pending and digest:
        write(f"Digest: {digest}\n")
    if refused:
        raise RefusedError(*(refused if form in APART else ()))
    if found.unobserved:
        raise CredentialsError(*([_unwritten(out)] if out else []))
    return CHANGES if detailed_exitcode and found.pending else 0


def _unwritten(out: Path) -> Problem:
    return Problem(
        summary=f"`{out}` is not written: what is not observed can't be agreed to",
        hint="plan with credentials, or leave the target out by `--exclude`",
    )

"""`mlops plan`: show what would change."""

from pathlib import Path

import click

from mlops.cli.agreed import check_rules
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
from mlops.cli.terminal import write
from mlops.planfile import plan_digest, plan_document
from mlops.selection import Selection
from mlops.survey import survey
from mlops.views.github import counts
from mlops.views.json import to_json

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

    `mlops apply` runs only this plan when it is given the file of `--out`, or the digest.
    """
    session = open_session(files)
    found = survey(session.world, session.desired(), selection)
    if out is not None:
        write_file(out, to_json(plan_document(found, selection, session.lineage())))
    show(form, lambda view: view.plan(found), counts(found))
    if form == "text" and found.pending:
        write(f"Digest: {plan_digest(found)}\n")
    check_rules(session, found)
    return CHANGES if detailed_exitcode and found.pending else 0

"""`mlops apply`: make the live world what the files say."""

from pathlib import Path

import click

from mlops.cli.agreed import planned
from mlops.cli.agreement import Agreement, with_agreement
from mlops.cli.changing import change_world
from mlops.cli.options import Files, with_color, with_files, with_selection
from mlops.cli.session import open_session
from mlops.errors import Problem, SpecError
from mlops.selection import Selection


@click.command("apply")
@click.argument("planfile", type=click.Path(path_type=Path), required=False)
@with_files
@with_selection
@with_agreement
@with_color
def command(
    planfile: Path | None, files: Files, selection: Selection, agreement: Agreement
) -> None:
    """Show the plan, ask, make the live world what the files say, and prove it.

    Running it twice changes nothing the second time. With PLANFILE, which `mlops plan --out`
    wrote, or with `--digest`, it runs that plan only.
    """
    session = open_session(files, agreed=True)
    if planfile is None:
        change_world(session, session.desired, selection, agreement)
        return
    _check_alone(selection, agreement)
    agreed, chosen = planned(session, planfile)
    change_world(session, session.desired, chosen, agreement, agreed=agreed)


def _check_alone(selection: Selection, agreement: Agreement) -> None:
    """Raise SpecError for what a plan file says itself."""
    if selection != Selection() or agreement.digest:
        raise SpecError(
            Problem(
                summary="a plan file says itself what is selected, and has its own digest",
                hint="leave out `--target`, `--exclude`, `--retry` and `--digest`",
            )
        )

"""`mlops drift`: show what somebody else changed."""

import time
from functools import wraps
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from mlops.baseline import baseline_document, read_baseline
from mlops.cli.adopting import adopt
from mlops.cli.filing import read_file, write_file
from mlops.cli.options import (
    CHECKS,
    Command,
    Files,
    with_also,
    with_color,
    with_files,
    with_formats,
    with_selection,
)
from mlops.cli.session import Session, open_session
from mlops.cli.showing import show
from mlops.cli.surveying import drift_of, surveyed
from mlops.cli.terminal import say
from mlops.drift import pieces, without
from mlops.drifted import Drift
from mlops.errors import CredentialsError, DriftError, Problem, SpecError
from mlops.selection import Selection
from mlops.views.github import counts
from mlops.views.json import to_json
from mlops.views.metrics import metrics


class Sheets(Struct, frozen=True, kw_only=True):
    """The files beside the output: what is known, what shall be known, and the gauges."""

    baseline: Path | None
    write_baseline: Path | None
    metrics: Path | None


def with_sheets(command: Command) -> Command:
    """Give a command the options of the files beside its output, as its argument `sheets`."""

    @click.option(
        "--baseline", type=click.Path(path_type=Path), help="Known drift, which is not told again."
    )
    @click.option(
        "--write-baseline",
        type=click.Path(path_type=Path),
        help="Write all drift that is found as known; exit with 0.",
    )
    @click.option(
        "--metrics",
        type=click.Path(path_type=Path),
        help="Write gauges for Prometheus's textfile collector.",
    )
    @wraps(command)
    def gathered(
        baseline: Path | None, write_baseline: Path | None, metrics: Path | None, **rest: Any
    ) -> Any:
        sheets = Sheets(baseline=baseline, write_baseline=write_baseline, metrics=metrics)
        return command(sheets=sheets, **rest)

    return gathered


@click.command("drift")
@with_files
@with_selection
@with_sheets
@click.option("--adopt", "adopts", is_flag=True, help="Write what drifted into the files.")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@with_formats(*CHECKS)
@with_also
@with_color
def command(
    files: Files,
    selection: Selection,
    sheets: Sheets,
    form: str,
    words: tuple[str, ...],
    *,
    adopts: bool,
) -> None:
    """Show what somebody else changed since the last apply; exit with 8 if anything.

    It takes no lock, writes nothing but what it is asked for, and reader's rights are enough.
    Where the credentials for a target are missing, it is told, and the exit code is 6 unless
    something drifted. What the file wants anew is counted, and `mlops plan` shows it. With
    `--adopt` the live values of the things WORD (addresses, services, targets; all of them without
    one) are written into the files that define them.
    """
    if words and not adopts:
        problem = Problem(summary=f"`{words[0]}` goes with `--adopt`", hint="or use `--target`")
        raise SpecError(problem)
    session = open_session(files)
    every = look(session, selection)
    found = _unknown(every, session, sheets.baseline)
    if adopts:
        adopt(session, found, words, lambda: look(open_session(files), selection))
        if found.plan.unobserved:
            raise CredentialsError(*(one.why for one in found.plan.unobserved))
        return
    show(form, lambda view: view.drift(found), counts(found.plan))
    if sheets.metrics:
        write_file(sheets.metrics, metrics(found, time.time()))
    if sheets.write_baseline:
        _write_baseline(sheets.write_baseline, session.spec.project, every)
    else:
        _check(found)


def _write_baseline(file: Path, project: str, every: Drift) -> None:
    """Write all drift down as known. Raises CredentialsError where some may not be seen."""
    if every.plan.unobserved:
        problem = Problem(
            summary=f"`{file}` is not written: what is not observed may have drifted",
            hint="look with credentials, or leave the target out by `--exclude`",
        )
        raise CredentialsError(problem)
    known = pieces(every)
    write_file(file, to_json(baseline_document(project, known)))
    say(f"{file}: {len(known)} known\n")


def _check(found: Drift) -> None:
    """Raise what a look comes to: drift is sure, whatever was not observed beside it."""
    if found.plan.pending:
        raise DriftError
    if found.plan.unobserved:
        raise CredentialsError


def look(session: Session, selection: Selection) -> Drift:
    """Return what somebody else changed, of what is selected."""
    return drift_of(session, surveyed(session, selection, lenient=True))


def _unknown(found: Drift, session: Session, baseline: Path | None) -> Drift:
    """Return the drift that a baseline does not know."""
    if baseline is None:
        return found
    known = read_baseline(
        read_file(baseline, "baseline", "mlops drift --write-baseline"),
        str(baseline),
        session.spec.project,
    )
    return without(found, known)

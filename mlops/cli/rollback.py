"""`mlops rollback`: make the live world what an earlier revision wanted."""

from collections.abc import Mapping

import click

from mlops.cli.agreement import Agreement, with_agreement
from mlops.cli.changing import change_world
from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import Session, open_session
from mlops.errors import MlopsError, Problem, SpecError
from mlops.plan import compared
from mlops.selection import Selection
from mlops.spec import Fields
from mlops.values import Address, Desired


@click.command("rollback")
@click.argument("revision", type=click.IntRange(min=1), required=False)
@with_files
@with_agreement
@with_color
def command(revision: int | None, files: Files, agreement: Agreement) -> None:
    """Make the live world what REVISION wanted (default: the one before the last that was done).

    What the file says instead is held until the file changes, or `--retry` asks for it.
    """
    session = open_session(files, agreed=True)
    number = revision or _before_last(session)
    wanted = session.revisions.read(number).desired
    change_world(
        session,
        lambda: wanted,
        Selection(past_holds=True),
        agreement,
        holds=_holds(session, wanted),
    )


def _before_last(session: Session) -> int:
    """Return the number of the revision before the last that came to its end."""
    done = [
        found.number
        for found in session.revisions.list()
        if found.outcome is not None and found.outcome.get("result") == "done"
    ]
    if len(done) < 2:
        raise SpecError(
            Problem(
                summary="there is no earlier revision to go back to",
                hint="`mlops history` shows what there is",
            )
        )
    return done[1]


def _holds(session: Session, wanted: tuple[Desired, ...]) -> Mapping[Address, Fields]:
    """Return what the file wants instead of what is rolled back to, by address.

    A file that can't be resolved may be why one rolls back: then nothing is held against it.
    """
    before = {thing.address: compared(thing) for thing in wanted if thing.address.kind == "service"}
    try:
        asked = session.desired()
    except MlopsError:
        return {}
    return {
        thing.address: compared(thing)
        for thing in asked
        if before.get(thing.address, compared(thing)) != compared(thing)
    }

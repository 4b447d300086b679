"""`mlops forget`: look no longer at a target that is gone for good."""

from contextlib import suppress

import click

from mlops.cli.left import left_name
from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import Session, open_session
from mlops.cli.terminal import say, write
from mlops.errors import MlopsError, Problem, SpecError
from mlops.observe import observe
from mlops.values import Observed, Ownership


@click.command("forget")
@click.argument("target")
@with_files
@with_color
def command(target: str, files: Files) -> None:
    """Look no longer at TARGET, which the file has left. What still runs there stays there."""
    session = open_session(files, lenient=True, agreed=True)
    left = {
        left_name(one, session.targets): one
        for one in session.revisions.targets()
        if one not in session.used
    }
    if target not in left or target in session.targets:
        have = ", ".join(sorted(left.keys() - session.targets.keys())) or "none"
        raise SpecError(
            Problem(
                summary=f"no target `{target}` was left",
                hint=f"targets that were left: {have}; one of the file is taken out of it first",
            )
        )
    staying = _services(session, target)
    with session.lock("mlops forget").acquire(0.0) as lease:
        session.revisions.forget(lease.number, left[target])
    write(f"{target} is forgotten.\n")
    if staying:
        say(f"note: what lives there stays, and nobody looks after it: {', '.join(staying)}\n")


def _services(session: Session, target: str) -> tuple[str, ...]:
    """Return the services of a target that was left; none where it can't be asked."""
    with suppress(MlopsError):
        place = session.world.places[target]
        things = observe((), {target: place})
        return tuple(sorted(one.address.name for one in things if _ours(one)))
    return ()


def _ours(thing: Observed) -> bool:
    return thing.address.kind == "service" and thing.ownership is Ownership.OURS

"""`mlops keys`: show the keys of a service, and rotate one."""

from collections.abc import Mapping

import click

from mlops.abilities import HasKeys
from mlops.brought import brought_by
from mlops.cli.options import Duration, Files, with_color, with_files, with_format
from mlops.cli.rotating import rotate
from mlops.cli.session import Session, open_session
from mlops.cli.terminal import view, write
from mlops.errors import Problem, SpecError
from mlops.keys import SLOTS
from mlops.values import Address


@click.command("keys")
@click.argument("name")
@click.option("--rotate", "slot", type=click.Choice(SLOTS), help="Make this key another one.")
@click.option(
    "--auto-approve",
    type=click.Choice(["all"]),
    metavar="",
    help="Do not ask before a key is rotated.",
)
@click.option(
    "--lock-timeout",
    type=Duration(),
    default="60s",
    metavar="TIME",
    help="How long to wait for another run. Default: 60s.",
)
@with_files
@with_format
@with_color
def command(
    name: str,
    slot: str | None,
    lock_timeout: float,
    files: Files,
    form: str,
    auto_approve: str | None,
) -> None:
    """Show both keys of the service NAME; clients send one as `Authorization: Bearer KEY`.

    With --rotate, one of them becomes another one; the other goes on, and nothing restarts.
    """
    session = open_session(files, lenient=True)
    session.live(name)  # raises where there is none of ours
    address, keys = _keys(session, name)
    if slot is not None:
        rotate(session, address, slot, approved=auto_approve is not None, timeout=lock_timeout)
        _, keys = _keys(session, name)
    write(view(form).record(keys))


def _keys(session: Session, name: str) -> tuple[Address, Mapping[str, str]]:
    """Return the keys of a service. Raises SpecError where it asks for none."""
    target, address = session.service(name)
    keys = target.keys(address) if isinstance(target, HasKeys) else {}
    if keys:
        return address, keys
    deployment = session.spec.deployments[name]
    if brought_by(deployment.settings):
        summary = f"the keys of `{name}` are its own: it runs an image that you bring"
        hint = "ask whoever made the image"
        raise SpecError(Problem(summary=summary, where=deployment.where, hint=hint))
    raise SpecError(
        Problem(
            summary=f"`{name}` asks for no key: everybody who reaches it may use it",
            where=deployment.where,
            hint="write `auth: {type: key}` in its block, and apply",
        )
    )

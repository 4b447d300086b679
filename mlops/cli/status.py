"""`mlops status`: show how the services stand."""

from collections.abc import Collection

import click

from mlops.cli.options import Files, with_color, with_files, with_format
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.errors import CredentialsError
from mlops.observe import look
from mlops.services import served
from mlops.spec import Json
from mlops.values import Observed, Ownership


@click.command("status")
@with_files
@with_format
@with_color
def command(files: Files, form: str) -> None:
    """Show every service of the files and of their targets: state, models, address, age."""
    session = open_session(files, lenient=True)
    held = {address for address, record in session.world.records.read().items() if record.held}
    there = look((), session.world.places)
    hidden = {one.place for one in there.unobserved}
    seen = [thing for thing in there.things if thing.address.kind == "service"]
    live = {thing.address for thing in seen}
    wanted = [session.service(name)[1] for name in session.spec.deployments]
    rows = [_row(thing, held=thing.address in held) for thing in seen]
    rows += [
        {"service": address.name, "target": address.place, "state": _unseen(address.place, hidden)}
        for address in wanted
        if address not in live
    ]
    rows.sort(key=lambda row: (str(row["target"]), str(row["service"])))
    write(view(form).rows(rows) or "No services.\n")
    if there.unobserved:
        raise CredentialsError(*(one.why for one in there.unobserved))


def _unseen(place: str, hidden: Collection[str]) -> str:
    return "not observed" if place in hidden else "not there"


def _row(thing: Observed, *, held: bool) -> dict[str, Json]:
    models = served(thing.labels)
    ours = thing.ownership is Ownership.OURS
    state = f"{thing.state}, held" if held else thing.state
    return {
        "service": thing.address.name,
        "target": thing.address.place,
        "state": state if ours else f"not ours: {thing.state}",
        "models": models,
        "address": thing.endpoint.removesuffix("/score"),
        "since": thing.since,
    }

"""`mlops show`: show one service, with its fields, or one run, with what it changed."""

import click

from mlops.cli.options import SHEETS, Files, with_color, with_files, with_formats
from mlops.cli.past import past
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.references import bare_fields
from mlops.spec import Fields
from mlops.views.words import swagger


@click.command("show")
@click.argument("name", metavar="NAME|REVISION")
@with_files
@with_formats(*SHEETS)
@with_color
def command(name: str, files: Files, form: str) -> None:
    """Show the service NAME as it runs: its state, its addresses, every field.

    A number is a REVISION: who made it, when, of which commit, and each field that it changed.
    """
    session = open_session(files, lenient=True)
    if name.isascii() and name.isdecimal():  # no service begins with a digit
        write(view(form).record(past(session.revisions, int(name))))
        return
    thing = session.live(name)
    record: Fields = {
        "service": name,
        "target": thing.address.place,
        "state": thing.state,
        "since": thing.since,
        "scoring": thing.endpoint,
        "swagger": swagger(thing.endpoint) or None,
        "fields": {
            path: f"{thing.labels[path]} {value}" if path in thing.labels else value
            for path, value in sorted(bare_fields(thing.fields).items())
        },
    }
    write(view(form).record(record))

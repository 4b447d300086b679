"""`mlops show`: show one service, with its fields."""

import click

from mlops.cli.options import Files, with_color, with_files, with_format
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.references import bare_fields
from mlops.spec import Fields
from mlops.views.words import swagger


@click.command("show")
@click.argument("name")
@with_files
@with_format
@with_color
def command(name: str, files: Files, form: str) -> None:
    """Show the service NAME as it runs: its state, its addresses, every field."""
    thing = open_session(files, lenient=True).live(name)
    record: Fields = {
        "service": name,
        "target": thing.address.place,
        "state": thing.state,
        "since": thing.since,
        "scoring": thing.endpoint,
        "swagger": swagger(thing.endpoint),
        "fields": {
            path: f"{thing.labels[path]} {value}" if path in thing.labels else value
            for path, value in sorted(bare_fields(thing.fields).items())
        },
    }
    write(view(form).record(record))

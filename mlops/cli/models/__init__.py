"""`mlops models`: the models of the store, and what is said of them."""

import click

from mlops.cli.models.deleting import deleted
from mlops.cli.models.reading import listed, shown
from mlops.cli.models.writing import aliased, registered, tagged


@click.group("models")
def command() -> None:
    """Keep the models of the store. REFERENCE is NAME (its newest), NAME:VERSION, NAME@ALIAS."""


for each in (listed, shown, registered, tagged, aliased, deleted):
    command.add_command(each)

"""`mlops image`: images of services, made and sent without an engine."""

import click

from mlops.cli.image.making import built, pushed


@click.group("image")
def command() -> None:
    """Make the image of a deployment. Needs no engine."""


for each in (built, pushed):
    command.add_command(each)

"""`mlops models list` and `show`. Never writes."""

import click

from mlops.cli.models.versions import known, record, row
from mlops.cli.options import Files, with_color, with_files, with_format
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write


@click.command("list")
@click.argument("name", default="")
@with_files
@with_format
@with_color
def listed(name: str, files: Files, form: str) -> None:
    """List every version of every model, or of NAME, oldest first."""
    registry = open_session(files, lenient=True).registry
    if name:
        known(registry, name)
    names = (name,) if name else registry.names()
    versions = [version for each in names for version in registry.versions(each)]
    write(view(form).rows([row(version) for version in versions]) or "No models.\n")


@click.command("show")
@click.argument("reference")
@with_files
@with_format
@with_color
def shown(reference: str, files: Files, form: str) -> None:
    """Show the version REFERENCE in full."""
    write(view(form).record(record(known(open_session(files, lenient=True).registry, reference))))

"""`mlops models list` and `show`. Never writes."""

import click

from mlops.cli.models.usage import usage
from mlops.cli.models.versions import known, record, row
from mlops.cli.options import SHEETS, Files, with_color, with_files, with_formats
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write


@click.command("list")
@click.argument("name", default="")
@with_files
@with_formats(*SHEETS)
@with_color
def listed(name: str, files: Files, form: str) -> None:
    """List every version of every model, or of NAME, oldest first."""
    session = open_session(files, lenient=True)
    registry = session.registry
    if name:
        known(registry, name)
    names = (name,) if name else registry.names()
    versions = [version for each in names for version in registry.versions(each)]
    used = usage(session, files)
    rows = [row(version) | {"used_by": used.services(version)} for version in versions]
    write(view(form).rows(rows) or "No models.\n")


@click.command("show")
@click.argument("reference")
@with_files
@with_formats(*SHEETS)
@with_color
def shown(reference: str, files: Files, form: str) -> None:
    """Show the version REFERENCE in full, and which services, deployments and runs use it."""
    session = open_session(files, lenient=True)
    version = known(session.registry, reference)
    write(view(form).record(record(version) | usage(session, files).record(version)))

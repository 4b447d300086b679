"""`mlops models`: list and show registered models."""

import click

from mlops.cli.options import Files, with_color, with_files, with_format
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.errors import Problem, SpecError
from mlops.load.suggest import suggestion
from mlops.spec import Json
from mlops.values import ModelVersion


@click.group("models")
def command() -> None:
    """List and show the models of the store."""


@command.command("list")
@with_files
@with_format
@with_color
def listed(files: Files, form: str) -> None:
    """List every version of every model, oldest first."""
    registry = open_session(files).registry
    versions = [version for name in registry.names() for version in registry.versions(name)]
    write(view(form).rows([_row(version) for version in versions]) or "No models.\n")


@command.command("show")
@click.argument("reference")
@with_files
@with_format
@with_color
def shown(reference: str, files: Files, form: str) -> None:
    """Show one version: REFERENCE is NAME (the newest) or NAME:VERSION."""
    registry = open_session(files).registry
    name = reference.partition(":")[0]
    version = registry.version(reference)
    if version is None:
        versions = [f"{name}:{item.version}" for item in registry.versions(name)]
        hint = suggestion(reference, versions or registry.names(), "`mlops apply` registers models")
        raise SpecError(Problem(summary=f"no model `{reference}` in the store", hint=hint))
    write(view(form).record(_record(version)))


def _row(version: ModelVersion) -> dict[str, Json]:
    return {
        "model": f"{version.name}:{version.version}",
        "digest": version.content.digest,
        "size": version.content.size,
        "framework": _framework(version),
        "tags": version.tags,
        "created": version.created,
    }


def _record(version: ModelVersion) -> dict[str, Json]:
    return {
        **_row(version),
        "description": version.description,
        "properties": version.properties,
        "lineage": version.lineage,
        "files": {entry.path: entry.digest for entry in version.content.files},
    }


def _framework(version: ModelVersion) -> str:
    framework = version.framework
    return " ".join(filter(None, (framework.name, framework.version))) if framework else ""

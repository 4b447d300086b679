"""What the commands of models share: finding a version, and showing it."""

from mlops.artefacts import ModelVersion
from mlops.errors import Problem, SpecError
from mlops.load.suggest import suggestion
from mlops.settings import reference_parts
from mlops.spec import Json
from mlops.store.registry import Registry


def known(registry: Registry, reference: str) -> ModelVersion:
    """Return the version of a reference. Raises SpecError with what there is."""
    version = registry.version(reference)
    if version is None:
        name = reference_parts(reference)[0]
        versions = registry.versions(name)
        have = [numbered(one) for one in versions]
        have += [f"{name}@{alias}" for one in versions for alias in one.aliases]
        hint = suggestion(reference, have or registry.names(), "`mlops apply` registers models")
        raise SpecError(Problem(summary=f"no model `{reference}` in the store", hint=hint))
    return version


def numbered(version: ModelVersion) -> str:
    """Return `name:3`."""
    return f"{version.name}:{version.version}"


def row(version: ModelVersion) -> dict[str, Json]:
    """Return what a list shows of a version."""
    return {
        "model": numbered(version),
        "aliases": version.aliases,
        "digest": version.content.digest,
        "size": version.content.size,
        "framework": _framework(version),
        "tags": version.tags,
        "created": version.created,
    }


def record(version: ModelVersion) -> dict[str, Json]:
    """Return all that is known of a version."""
    return {
        **row(version),
        "description": version.description,
        "properties": version.properties,
        "lineage": version.lineage,
        "files": {entry.path: entry.digest for entry in version.content.files},
    }


def _framework(version: ModelVersion) -> str:
    framework = version.framework
    return " ".join(filter(None, (framework.name, framework.version))) if framework else ""

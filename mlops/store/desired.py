"""What the store shall hold for a model, and how that is written down. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlops.artefacts import Content, FileEntry, ModelVersion
from mlops.plain import NOTHING
from mlops.settings import reference_parts
from mlops.spec import Fields, Framework, Json, Model
from mlops.units import size
from mlops.values import Address, Desired


def model_address(name: str) -> Address:
    """Return the address of a model in the store."""
    return Address(place="store", kind="model", name=name)


def desired_model(model: Model, content: Content, version_label: str) -> Desired:
    """Return the model version that shall exist. `version_label` (`name:3`) is only a word."""
    count = len(content.files)
    number = version_label.rpartition(":")[2]
    unknown = any(entry.unsized for entry in content.files)
    words = "size unknown until it is fetched" if unknown else size(content.size)
    return Desired(
        address=model_address(model.name),
        fields=model_fields(model, content.digest),
        inputs={"files": tuple(_plain(entry) for entry in content.files)},
        labels={"digest": version_label},
        summary=f"version {number}, {words}, {count} file{'s' * (count != 1)}",
        where=model.where,
    )


def model_fields(model: Model | ModelVersion, digest: str) -> Fields:
    """Return the fields of a model, as wanted or as registered; what is empty is absent."""
    framework = model.framework
    fields: dict[str, Json] = {"digest": digest}
    if framework is not None:
        fields["framework.name"] = framework.name
    if framework is not None and framework.version is not None:
        fields["framework.version"] = framework.version
    fields |= {f"tags.{key}": value for key, value in model.tags.items()}
    fields |= {f"properties.{key}": value for key, value in model.properties.items()}
    if model.description:
        fields["description"] = model.description
    return fields


def chosen(versions: Sequence[ModelVersion], reference: str) -> ModelVersion | None:
    """Return which version of a model `name` (the newest), `name:3` or `name@champion` means."""
    _, number, alias = reference_parts(reference)
    if number:
        return next((one for one in versions if str(one.version) == number), None)
    if alias:
        return next((one for one in versions if alias in one.aliases), None)
    return versions[-1] if versions else None


def wanted_files(desired: Desired) -> tuple[FileEntry, ...]:
    """Return the files that a desired model is made of."""
    files: Any = desired.inputs["files"]
    return tuple(FileEntry(**entry) for entry in files)


def meta_record(fields: Fields) -> Fields:
    """Return what is recorded of a model's fields beside its content."""
    return {
        "framework": _group(fields, "framework"),
        "tags": _group(fields, "tags"),
        "properties": _group(fields, "properties"),
        "description": fields.get("description", ""),
    }


def version_record(digest: str, files: tuple[FileEntry, ...], lineage: Fields, at: str) -> Fields:
    """Return what is recorded of a version for good."""
    return {
        "digest": digest,
        "files": tuple(_plain(entry) for entry in files),
        "lineage": lineage,
        "created": at,
    }


def model_version(
    name: str, number: int, record: Mapping[str, Any], meta: Mapping[str, Any]
) -> ModelVersion:
    """Return a version from its two records. Raises KeyError or TypeError if they are damaged."""
    framework = meta.get("framework")
    files = tuple(FileEntry(**entry) for entry in record["files"])
    return ModelVersion(
        name=name,
        version=number,
        content=Content(digest=record["digest"], files=files),
        framework=Framework(**framework) if framework else None,
        tags=meta.get("tags", NOTHING),
        properties=meta.get("properties", NOTHING),
        description=meta.get("description", ""),
        lineage=record.get("lineage", NOTHING),
        created=record.get("created", ""),
    )


def _group(fields: Fields, group: str) -> Fields:
    start = f"{group}."
    return {key.removeprefix(start): fields[key] for key in fields if key.startswith(start)}


def _plain(entry: FileEntry) -> Fields:
    return {"path": entry.path, "size": entry.size, "digest": entry.digest}

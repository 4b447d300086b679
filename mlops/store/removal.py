"""Deletes model versions: the number stays taken, the bytes go when nothing else needs them."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlops.artefacts import ModelVersion
from mlops.clock import now
from mlops.spec import Fields
from mlops.store.blobs import Blobs
from mlops.store.objects import Objects
from mlops.store.records import create_record, read_record
from mlops.store.versions import Versions, deleted_path


def delete_version(objects: Objects, version: ModelVersion, lineage: Fields) -> int:
    """Delete a version for good; return how many bytes were freed. Safe to run again.

    What it was stays on record. Nothing is touched if a record of another model is damaged.
    """
    _needed(objects, but=version)
    record: Fields = {"deleted": now(), "lineage": lineage}
    create_record(objects, deleted_path(version.name, version.version), record)
    needed = _needed(objects)  # again: others may have registered the same bytes meanwhile
    sizes = {
        entry.digest: entry.size
        for entry in version.content.files
        if entry.digest not in needed and Blobs(objects).holds(entry)
    }
    Blobs(objects).remove(sizes)
    return sum(sizes.values())


def _needed(objects: Objects, but: ModelVersion | None = None) -> set[str]:
    """Return the digests of the files of every version of every model, but for one, and of code."""
    versions = Versions(objects)
    return _code(objects) | {
        entry.digest
        for name in versions.names()
        for version in versions.of(name)
        if but is None or (version.name, version.version) != (but.name, but.version)
        for entry in version.content.files
    }


def _code(objects: Objects) -> set[str]:
    """Return the digests of the code that the history may go back to: it lies among the models."""
    paths = (path for path in objects.list("revisions") if path.endswith(".json"))
    return {digest for path in paths for digest in _code_within(read_record(objects, path))}


def _code_within(record: Any) -> Iterator[str]:
    if isinstance(record, tuple):
        for item in record:
            yield from _code_within(item)
    if not isinstance(record, Mapping):
        return
    for key, value in record.items():
        if key == "code" and isinstance(value, Mapping):
            yield from (str(entry["digest"]) for entry in value.get("files", ()))
        else:
            yield from _code_within(value)

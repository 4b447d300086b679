"""Deletes model versions: the number stays taken, the bytes go when nothing else needs them."""

from datetime import datetime, timezone

from mlops.spec import Fields
from mlops.store.blobs import Blobs
from mlops.store.objects import Objects
from mlops.store.records import create_record
from mlops.store.versions import Versions, deleted_path
from mlops.values import ModelVersion


def delete_version(objects: Objects, version: ModelVersion, lineage: Fields) -> int:
    """Delete a version for good; return how many bytes were freed. Safe to run again.

    What it was stays on record. Nothing is touched if a record of another model is damaged.
    """
    versions = Versions(objects)
    _needed(versions, but=version)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    record: Fields = {"deleted": now, "lineage": lineage}
    create_record(objects, deleted_path(version.name, version.version), record)
    needed = _needed(versions)  # again: others may have registered the same bytes meanwhile
    sizes = {
        entry.digest: entry.size
        for entry in version.content.files
        if entry.digest not in needed and Blobs(objects).holds(entry)
    }
    Blobs(objects).remove(sizes)
    return sum(sizes.values())


def _needed(versions: Versions, but: ModelVersion | None = None) -> set[str]:
    """Return the digests of the files of every version of every model, but for one."""
    return {
        entry.digest
        for name in versions.names()
        for version in versions.of(name)
        if but is None or (version.name, version.version) != (but.name, but.version)
        for entry in version.content.files
    }

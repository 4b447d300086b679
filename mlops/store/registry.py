"""The models of the store: a version a content, numbered from 1. Never changes a version's bytes.

`models/<name>/<n>.json` says what a version is, for good; `models/<name>/<n>/meta/<k>.json` what is
said about it: the highest counts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any, ClassVar

from mlops.plain import NOTHING
from mlops.protocols import Means
from mlops.spec import Fields
from mlops.store.blobs import Blobs
from mlops.store.desired import (
    desired_model,
    meta_record,
    model_fields,
    model_version,
    version_record,
    wanted_files,
)
from mlops.store.objects import Objects
from mlops.store.records import create_record, damaged, numbers, read_record
from mlops.values import (
    Address,
    Change,
    Desired,
    Health,
    Impact,
    ModelVersion,
    Observed,
    Progress,
)

__all__ = ["Registry", "desired_model"]


class Registry:
    """The place `store`: its models are made and described, never deleted."""

    impact: ClassVar[Mapping[str, Impact]] = {
        "digest": Impact.REPLACE,
        "framework": Impact.METADATA,
        "tags": Impact.METADATA,
        "properties": Impact.METADATA,
        "description": Impact.METADATA,
    }
    downtime: ClassVar[Mapping[Impact, str]] = {Impact.METADATA: "nothing restarts"}

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._blobs = Blobs(objects)
        self._records: dict[str, Any] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of all models that have a version."""
        parts = (path.split("/") for path in self._objects.list("models"))
        return tuple(sorted({part[1] for part in parts if len(part) == 3}))

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        """Return every version of a model, oldest first; empty for an unknown name."""
        paths = self._objects.list(f"models/{name}")
        found = numbers(paths, f"models/{name}")
        with ThreadPoolExecutor(max_workers=8, thread_name_prefix="registry") as pool:
            return tuple(pool.map(lambda number: self._version(name, number, paths), found))

    def version(self, reference: str) -> ModelVersion | None:
        """Return the version that `name` (its newest) or `name:3` means; None if there is none."""
        name, separator, number = reference.partition(":")
        versions = self.versions(name)
        if not separator:
            return versions[-1] if versions else None
        return next((one for one in versions if str(one.version) == number), None)

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        """Return the wanted models whose content is registered, with all of its bytes."""
        for desired in wanted:
            version = self._holding(desired.address.name, desired.fields["digest"])
            if version is not None and self._whole(version):
                yield _observed(desired.address, version)

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        """Register a content, or say something new about it. A delete leaves it as it is."""
        desired = change.after
        if desired is None:
            return
        name, digest = desired.address.name, desired.fields["digest"]
        version = self._holding(name, digest)
        if version is None or not self._whole(version):
            yield from self._store(desired, means)
            version = self._registered(desired, means.lineage)
        if model_fields(version, version.content.digest) != desired.fields:
            self._describe(version, desired.fields)
            version = self._holding(name, digest) or version
        yield _observed(desired.address, version)

    def health(self, address: Address) -> Health:
        """Return that a model is ready: it is, once it is registered."""
        return Health(ready=1, failed=0, total=1, summary=f"{address.name} is registered")

    def _store(self, desired: Desired, means: Means) -> Iterator[Progress]:
        files = wanted_files(desired)
        name, total = desired.address.name, sum(entry.size for entry in files)
        for done in self._blobs.add_all(files, lambda path: means.model_source(name, path)):
            yield Progress(text=f"storing {name}", done=done, total=total)

    def _registered(self, desired: Desired, lineage: Fields) -> ModelVersion:
        """Return the version of a content, made unless another run did so meanwhile."""
        name, digest = desired.address.name, str(desired.fields["digest"])
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        record = version_record(digest, wanted_files(desired), lineage, now)
        while True:
            versions = self.versions(name)
            known = [one for one in versions if one.content.digest == digest]
            if known:
                return known[-1]
            number = versions[-1].version + 1 if versions else 1
            if create_record(self._objects, f"models/{name}/{number}.json", record):
                return model_version(name, number, record, NOTHING)

    def _describe(self, version: ModelVersion, fields: Fields) -> None:
        """Write down the words about a version. Properties that are there already stay."""
        folder = f"models/{version.name}/{version.version}/meta"
        kept = {f"properties.{key}": value for key, value in version.properties.items()}
        record = meta_record({**fields, **kept})
        number = max(numbers(self._objects.list(folder), folder), default=0)
        while not create_record(self._objects, f"{folder}/{number + 1}.json", record):
            number += 1

    def _holding(self, name: str, digest: Any) -> ModelVersion | None:
        """Return the newest version with this content."""
        versions = reversed(self.versions(name))
        return next((one for one in versions if one.content.digest == digest), None)

    def _whole(self, version: ModelVersion) -> bool:
        """Tell whether no blob of a version is missing.

        In a folder people remove files; in a cloud store asking costs a call for each file.
        """
        if self._objects.root is None:
            return True
        return all(self._blobs.holds(entry) for entry in version.content.files)

    def _version(self, name: str, number: int, paths: Collection[str]) -> ModelVersion:
        path = f"models/{name}/{number}.json"
        folder = f"models/{name}/{number}/meta"
        newest = max(numbers(paths, folder), default=0)
        meta = self._read(f"{folder}/{newest}.json") if newest else NOTHING
        try:
            return model_version(name, number, self._read(path), meta)
        except (KeyError, TypeError, AttributeError) as error:
            raise damaged(self._objects, path) from error

    def _read(self, path: str) -> Any:
        """Return a record; it never changes, so it is read once."""
        if path not in self._records:
            self._records[path] = read_record(self._objects, path)
        return self._records[path]


def _observed(address: Address, version: ModelVersion) -> Observed:
    reference = f"{version.name}:{version.version}"
    return Observed(
        address=address,
        fields=model_fields(version, version.content.digest),
        identity=reference,
        labels={"digest": reference},
        since=version.created,
    )

"""The place `store`: registers model versions and what is said of them. Never changes their bytes.

How it is written down: `versions.py` and `words.py`.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace

from mlops.artefacts import Content, FileEntry, ModelVersion
from mlops.errors import Problem, StaleError
from mlops.protocols import Means
from mlops.store.blobs import Blobs
from mlops.store.desired import desired_model, model_fields, wanted_files
from mlops.store.objects import Objects
from mlops.store.versions import Versions
from mlops.store.words import describe, say_only
from mlops.values import Address, Change, Desired, Health, Impact, Observed, Progress

__all__ = ["Registry", "desired_model"]


class Registry:
    """The place `store`: a plan makes and describes its models, and never deletes one."""

    impact: ClassVar[Mapping[str, Impact]] = {
        "digest": Impact.REPLACE,
        "framework": Impact.METADATA,
        "tags": Impact.METADATA,
        "properties": Impact.METADATA,
        "description": Impact.METADATA,
    }
    downtime: ClassVar[Mapping[Impact, str]] = {Impact.METADATA: "nothing restarts"}
    settle: ClassVar[float] = 0.0

    def __init__(self, objects: Objects) -> None:
        self.identity = objects.location
        self._objects = objects
        self.calls = objects.sent
        self._blobs = Blobs(objects)
        self._versions = Versions(objects)

    def names(self) -> tuple[str, ...]:
        """Return the names of all models that have a version."""
        return self._versions.names()

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        """Return every version of a model, oldest first; empty for an unknown name."""
        return self._versions.of(name)

    def next_version(self, name: str) -> int:
        """Return the number of the next version: one that no version ever had."""
        return self._versions.next(name)

    def version(self, reference: str) -> ModelVersion | None:
        """Return what `name` (its newest), `name:3` or `name@champion` means; None for nothing."""
        return self._versions.named(reference)

    def deleted(self, name: str, number: int) -> ModelVersion | None:
        """Return a version that was deleted, as it was."""
        return self._versions.deleted(name, number)

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        """Return the wanted models whose content is registered, with all of its bytes."""
        for desired in wanted:
            version = self._versions.holding(desired.address.name, desired.fields["digest"])
            if version is not None and self._whole(version):
                yield _observed(desired.address, version)

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        """Register a content, or say something new about it. A delete leaves it as it is."""
        desired = change.after
        if desired is None:
            return
        name, digest = desired.address.name, str(desired.fields["digest"])
        content = Content(digest=digest, files=wanted_files(desired))
        version = yield from self.add(name, content, means)
        if model_fields(version, digest) != desired.fields:
            means.lease.check()
            describe(self._objects, version, say_only(desired.fields))
            version = self._versions.holding(name, digest) or version
        yield _observed(desired.address, version)

    def add(
        self, name: str, content: Content, means: Means
    ) -> Generator[Progress, None, ModelVersion]:
        """Store a content and return its version: the one it has, or the next one."""
        version = self._versions.holding(name, content.digest)
        if version is not None and self._whole(version):
            return version
        means.lease.check()
        files = yield from self._store(name, content.files, means)
        means.lease.check()
        version = self._versions.register(name, content.digest, files, means.lineage)
        if not self._whole(version):
            raise StaleError(
                Problem(
                    summary=f"somebody deleted bytes of `{name}` while it was registered",
                    hint="try again",
                )
            )
        return version

    def health(self, address: Address) -> Health:
        """Return that a model is ready: it is, once it is registered."""
        return Health(ready=1, failed=0, total=1, summary=f"{address.name} is registered")

    def _store(
        self, name: str, files: Collection[FileEntry], means: Means
    ) -> Generator[Progress, None, tuple[FileEntry, ...]]:
        """Store what is missing; return all files, with the sizes that they turned out to have."""
        stored = {entry.path: self._blobs.size(entry.digest) for entry in files if entry.unsized}
        sizes = {path: size for path, size in stored.items() if size is not None}

        def source(path: str) -> Path:
            file = means.model_source(name, path)
            if path in stored:
                sizes[path] = file.stat().st_size
            return file

        left = [entry for entry in files if entry.path not in sizes]
        verb = "fetching" if any(entry.unsized for entry in left) else "storing"
        total = sum(entry.size for entry in left)
        for done in self._blobs.add_all(left, source):
            yield Progress(text=f"{verb} {name}", done=done, total=total)
        return tuple(replace(entry, size=sizes.get(entry.path, entry.size)) for entry in files)

    def _whole(self, version: ModelVersion) -> bool:
        """Tell whether no blob of a version is missing.

        In a folder people remove files; in a cloud store asking costs a call for each file.
        """
        if self._objects.root is None:
            return True
        return all(self._blobs.holds(entry) for entry in version.content.files)


def _observed(address: Address, version: ModelVersion) -> Observed:
    reference = f"{version.name}:{version.version}"
    return Observed(
        address=address,
        fields=model_fields(version, version.content.digest),
        identity=reference,
        labels={"digest": reference},
        since=version.created,
    )

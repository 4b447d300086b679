"""The model versions that the store holds: reads them and numbers new ones. Never changes one.

`models/<name>/<n>.json` says what a version is, for good, and `<n>.deleted.json` that it is gone;
`<n>/meta/<k>.json` says what is said about it, `aliases/<k>.json` what the model's versions are
called: the highest counts.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from msgspec.structs import replace

from mlops.artefacts import FileEntry, ModelVersion
from mlops.clock import now
from mlops.plain import NOTHING
from mlops.settings import reference_parts
from mlops.spec import Fields
from mlops.store.desired import chosen, model_version, version_record
from mlops.store.objects import Objects
from mlops.store.records import create_record, damaged, numbers, read_record


class Versions:
    """The versions of all models of one store, without those that were deleted."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._records: dict[str, Any] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of all models that have a version."""
        paths: dict[str, set[str]] = {}
        for path in self._objects.list("models"):
            paths.setdefault(path.split("/")[1], set()).add(path)
        return tuple(sorted(name for name in paths if _live(paths[name], name)))

    def of(self, name: str) -> tuple[ModelVersion, ...]:
        """Return every version of a model, oldest first; empty for an unknown name."""
        return self._of(name, set(self._objects.list(f"models/{name}")))

    def named(self, reference: str) -> ModelVersion | None:
        """Return what `name` (its newest), `name:3` or `name@champion` means; None for nothing."""
        return chosen(self.of(reference_parts(reference)[0]), reference)

    def holding(self, name: str, digest: Any) -> ModelVersion | None:
        """Return the newest version with this content."""
        return next((one for one in reversed(self.of(name)) if one.content.digest == digest), None)

    def deleted(self, name: str, number: int) -> ModelVersion | None:
        """Return a version that was deleted, as it was."""
        paths = set(self._objects.list(f"models/{name}"))
        there = {f"models/{name}/{number}.json", deleted_path(name, number)} <= paths
        return self._version(name, number, paths) if there else None

    def next(self, name: str) -> int:
        """Return the number of the next version: one that no version ever had."""
        return _next(self._objects.list(f"models/{name}"), name)

    def register(
        self, name: str, digest: str, files: tuple[FileEntry, ...], lineage: Fields
    ) -> ModelVersion:
        """Return the version of a content, made unless another run did so meanwhile."""
        record = version_record(digest, files, lineage, now())
        while True:
            paths = set(self._objects.list(f"models/{name}"))
            known = [one for one in self._of(name, paths) if one.content.digest == digest]
            if known:
                return known[-1]
            number = _next(paths, name)  # of the same list, or equal content gets two numbers
            if create_record(self._objects, f"models/{name}/{number}.json", record):
                return model_version(name, number, record, NOTHING)

    def _of(self, name: str, paths: set[str]) -> tuple[ModelVersion, ...]:
        aliases = self._newest(f"models/{name}/aliases", paths).get("aliases", NOTHING)
        with ThreadPoolExecutor(max_workers=8, thread_name_prefix="versions") as pool:
            read = pool.map(lambda number: self._version(name, number, paths), _live(paths, name))
            return tuple(
                replace(version, aliases=_names_of(version.version, aliases)) for version in read
            )

    def _version(self, name: str, number: int, paths: Collection[str]) -> ModelVersion:
        path = f"models/{name}/{number}.json"
        meta = self._newest(f"models/{name}/{number}/meta", paths)
        try:
            return model_version(name, number, self._read(path), meta)
        except (KeyError, TypeError, AttributeError) as error:
            raise damaged(self._objects, path) from error

    def _newest(self, folder: str, paths: Collection[str]) -> Any:
        newest = max(numbers(paths, folder), default=0)
        return self._read(f"{folder}/{newest}.json") if newest else NOTHING

    def _read(self, path: str) -> Any:
        """Return a record; it never changes, so it is read once."""
        if path not in self._records:
            self._records[path] = read_record(self._objects, path)
        return self._records[path]


def deleted_path(name: str, number: int) -> str:
    """Return the path of the record that a version was deleted."""
    return f"models/{name}/{number}.deleted.json"


def _next(paths: Collection[str], name: str) -> int:
    return max(numbers(paths, f"models/{name}"), default=0) + 1


def _live(paths: set[str], name: str) -> tuple[int, ...]:
    """Return the numbers of the versions that were not deleted."""
    found = numbers(paths, f"models/{name}")
    return tuple(number for number in found if deleted_path(name, number) not in paths)


def _names_of(number: int, aliases: Any) -> tuple[str, ...]:
    return tuple(sorted(alias for alias, named in aliases.items() if named == number))

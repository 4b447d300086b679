"""Looks at the base of an image: finds it, checks its platform, reads what it offers."""

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from mlops.clients.oci.manifest import Descriptor, Manifest, read_json
from mlops.clients.oci.reference import Reference
from mlops.digesting import BUFFER
from mlops.errors import Problem, TargetError
from mlops.images.base import Base, Facts, facts, facts_of, facts_record
from mlops.images.inputs import ImageInputs
from mlops.images.layers import layer_file
from mlops.images.tree import LayerTree
from mlops.protocols import Means
from mlops.values import Progress


class Below(Protocol):
    """Where the base of an image lies: a repository, or an engine that shows it as one does."""

    @property
    def place(self) -> Reference:
        """What the base is called; a repository of the same server can mount its layers."""

    def manifest(self, pointer: str, platform: str) -> Manifest | None:
        """Return the manifest under a tag or digest, for a platform; None if there is none."""

    def read(self, blob: Descriptor) -> bytes:
        """Return a blob that fits into memory: a configuration."""

    def fetch(self, blob: Descriptor, file: Path) -> Iterator[int]:
        """Write a blob into `file`, which is whole or not there; yield the bytes so far."""


class Looking(Struct, frozen=True, kw_only=True):
    """A look at the base of some inputs, which lies in `base`."""

    inputs: ImageInputs
    means: Means
    base: Below

    def run(self) -> Iterator[Progress | Base]:
        """Find the base, and what it offers, which is read from its layers once for everybody."""
        yield Progress(text=f"looking at {self.inputs.base}")
        manifest = self.manifest(self.base.place.pointer)
        config = read_json(self.base.read(manifest.config), self.inputs.base)
        self._check_platform(config)
        path = f"bases/{manifest.digest.removeprefix('sha256:')}-{self.inputs.base_python}.json"
        record = self.means.recall(path)
        if record is None:
            found = yield from self._read(manifest, config.get("config") or {})
            record = self.means.keep(path, facts_record(found))
        yield Base(digest=manifest.digest, facts=facts_of(record))

    def _check_platform(self, config: Mapping[str, Any]) -> None:
        """Raise TargetError where an image that is for one platform alone is for another."""
        found = f"{config.get('os')}/{config.get('architecture')}"
        if not self.inputs.platform.startswith(found):
            raise TargetError(
                Problem(
                    summary=f"the base image `{self.inputs.base}` is for `{found}`,"
                    f" not for `{self.inputs.platform}`",
                    hint="choose a `base_image` for that platform",
                )
            )

    def _read(
        self, manifest: Manifest, settings: Mapping[str, Any]
    ) -> Generator[Progress, None, Facts]:
        files = []
        for blob in manifest.layers:
            yield from fetched(self.base, blob)
            files.append(layer_file(blob.digest))
        yield Progress(text="reading the base")
        return facts(LayerTree(files), settings, self.inputs.base_python, self.inputs.platform)

    def manifest(self, pointer: str) -> Manifest:
        """Return what the base is made of, by its tag or digest. Raises TargetError."""
        manifest = self.base.manifest(pointer, self.inputs.platform)
        if manifest is None:
            raise TargetError(
                Problem(
                    summary=f"there is no image `{self.inputs.base}`",
                    hint="check its name and tag, and that its registry lets you read it",
                )
            )
        return manifest


def fetched(place: Below, blob: Descriptor) -> Iterator[Progress]:
    """Fetch a layer into the cache, unless it is there."""
    file = layer_file(blob.digest)
    if file.is_file() and file.stat().st_size == blob.size:
        return
    for got in place.fetch(blob, file):
        if got % (8 * BUFFER) < BUFFER:
            yield Progress(text="fetching the base", done=got, total=blob.size)

"""A base that was made in an engine and is in no registry, shown as a repository would show it.

The engine hands it out whole, once; its layers then lie in the cache as those that were fetched.
"""

import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from msgspec import Struct
from msgspec.structs import replace

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError
from mlops.clients.oci.manifest import (
    CONFIG,
    TAR,
    Descriptor,
    Manifest,
    manifest_bytes,
    manifest_of,
)
from mlops.clients.oci.reference import Reference, reference
from mlops.digesting import BUFFER
from mlops.errors import Problem, TargetError
from mlops.hashing import cache_folder, digest_file
from mlops.images.layers import layer_file, layer_folder
from mlops.writing import alone, put_whole, write_whole

GZIP = b"\x1f\x8b"
"""How a compressed layer begins, which engines with another store hand out."""


class ExportedBase(Struct, frozen=True, kw_only=True):
    """The image `name` of an engine."""

    engine: Engine
    name: str

    @property
    def ident(self) -> str:
        """The id of the image. Raises MissingError."""
        return str(self.engine.images.inspected(self.name)["Id"])

    @property
    def place(self) -> Reference:
        """The image without a host: nothing of it can be mounted anywhere."""
        return replace(reference(self.name), host="")

    def manifest(self, pointer: str, platform: str) -> Manifest | None:  # noqa: ARG002  it has one
        """Return what the image is made of; None if the engine has it no more.

        Raises TargetError where `pointer` is the digest of another one.
        """
        try:
            ident = self.ident.removeprefix("sha256:")
        except MissingError:
            return None
        described = cache_folder() / "exported" / f"{ident}.json"
        with alone(described.with_suffix(".lock")):
            if not described.is_file() or not _complete(described.read_bytes(), self.name):
                write_whole(described, self._exported())
        found = manifest_of(described.read_bytes(), self.name)
        if pointer.startswith("sha256:") and pointer != found.digest:
            raise TargetError(
                Problem(
                    summary=f"the base image `{self.name}` is another one than when this image was"
                    f" first made ({pointer[:19]})",
                    hint="bring that one back, or name this one by another tag",
                )
            )
        return found

    def read(self, blob: Descriptor) -> bytes:
        """Return the configuration of the image."""
        return layer_file(blob.digest).read_bytes()

    def fetch(self, blob: Descriptor, file: Path) -> Iterator[int]:  # noqa: ARG002  all lie there
        """Bring a layer into the cache again, from where somebody removed it."""
        self._exported()
        yield blob.size

    def _exported(self) -> bytes:
        """Bring all layers and the configuration into the cache; return the manifest of them."""
        room = layer_folder()
        room.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=room, prefix=".", suffix=".part") as archive:
            for chunk in self.engine.images.exported(self.name):
                archive.write(chunk)
            archive.flush()
            with tarfile.open(archive.name) as tar:
                told: Any = json.loads(_opened(tar, "manifest.json").read())[0]
                config = _kept(_opened(tar, told["Config"]), CONFIG)
                layers = [_kept(_opened(tar, name), TAR) for name in told["Layers"]]
        return manifest_bytes(config, layers)


def made_here(engine: Engine, name: str) -> ExportedBase | None:
    """Return a base that this engine has and that was never pulled or pushed; else None.

    An engine that does not answer has none: what is in a registry needs no engine.
    """
    try:
        found = engine.images.inspected(name)
    except TargetError:
        return None
    return None if found.get("RepoDigests") else ExportedBase(engine=engine, name=name)


def _complete(body: bytes, name: str) -> bool:
    found = manifest_of(body, name)
    files = {blob.digest: blob.size for blob in (found.config, *found.layers)}
    return all(
        layer_file(digest).is_file() and layer_file(digest).stat().st_size == size
        for digest, size in files.items()
    )


def _opened(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return a file of an archive; a layer that lies there twice is a link the second time."""
    file = tar.extractfile(name)
    assert file is not None  # noqa: S101  the engine's own list names files
    return file


def _kept(source: IO[bytes], kind: str) -> Descriptor:
    """Keep the bytes of a blob in the cache; return what they are."""
    room = layer_folder()
    with tempfile.NamedTemporaryFile(dir=room, prefix=".", suffix=".part") as part:
        first = chunk = source.read(BUFFER)
        while chunk:
            part.write(chunk)
            chunk = source.read(BUFFER)
        part.flush()
        size, digest = digest_file(Path(part.name), None)
        Path(part.name).chmod(0o644)
        put_whole(Path(part.name), layer_file(digest))
    compressed = kind == TAR and first.startswith(GZIP)
    media_type = f"{kind}+gzip" if compressed else kind
    return Descriptor(media_type=media_type, digest=f"sha256:{digest}", size=size)

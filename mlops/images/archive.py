"""An image as one file: an OCI layout in a tar, which `docker load` reads as well.

Written from front to back; a blob's name, its digest, is filled in once its bytes have passed.
"""

import hashlib
import tarfile
from collections.abc import Collection, Iterator, Sequence
from typing import BinaryIO

from mlops.clients.oci.manifest import MANIFEST, manifest_of
from mlops.clients.oci.reference import reference
from mlops.clients.oci.upload import Blob
from mlops.hashing import digest_bytes
from mlops.plain import canonical

_BLOCK = 512


class Archive:
    """What an image is made into, as a repository is. `name` is the image's, without a tag."""

    verb = "writing"
    shared = False

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._held: set[str] = set()
        self.place = reference(name)

    def held(self, digests: Sequence[str]) -> Collection[str]:
        """Return which of some blobs were written."""
        return self._held.intersection(digests)

    def upload(self, blob: Blob, mount: str = "") -> Iterator[int | str]:  # noqa: ARG002  as a repository
        """Write a blob; yield the bytes so far, at last the digest."""
        start, done, digest = self._file.tell(), 0, hashlib.sha256()
        self._file.write(bytes(_BLOCK))
        for chunk in blob.chunks(0):
            digest.update(chunk)
            self._file.write(chunk)
            done += len(chunk)
            yield done
        self._file.write(bytes(-done % _BLOCK))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(_header(_place(digest.hexdigest()), done))
        if f"sha256:{digest.hexdigest()}" in self._held:  # twice is once
            self._file.truncate(start)
            self._file.seek(start)
        else:
            self._file.seek(end)
        self._held.add(f"sha256:{digest.hexdigest()}")
        yield f"sha256:{digest.hexdigest()}"

    def put_manifest(self, pointer: str, body: bytes) -> str:
        """Write the manifest, and what leads to it; return its digest."""
        digest = digest_bytes(body)
        found = manifest_of(body, self._name)
        places = [_place(layer.digest.removeprefix("sha256:")) for layer in found.layers]
        described = {
            "mediaType": MANIFEST,
            "digest": digest,
            "size": len(body),
            "annotations": {
                "io.containerd.image.name": f"{self._name}:{pointer}",
                "org.opencontainers.image.ref.name": pointer,
            },
        }
        docker = {
            "Config": _place(found.config.digest.removeprefix("sha256:")),
            "RepoTags": [f"{self._name}:{pointer}"],
            "Layers": places,
        }
        self._add(_place(digest.removeprefix("sha256:")), body)
        self._add("index.json", canonical({"schemaVersion": 2, "manifests": [described]}))
        self._add("oci-layout", canonical({"imageLayoutVersion": "1.0.0"}))
        self._add("manifest.json", canonical([docker]))
        self._file.write(bytes(2 * _BLOCK))
        return digest

    def _add(self, name: str, data: bytes) -> None:
        self._file.write(_header(name, len(data)) + data + bytes(-len(data) % _BLOCK))


def _place(hexadecimal: str) -> str:
    return f"blobs/sha256/{hexadecimal}"


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)  # one block for any size

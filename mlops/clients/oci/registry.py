"""Images in a registry: looked up, read, written. Knows the protocol, and no deployment."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlops.clients.oci.fetch import fetch
from mlops.clients.oci.login import Login
from mlops.clients.oci.manifest import (
    ACCEPT,
    MANIFEST,
    Descriptor,
    Manifest,
    chosen,
    manifest_of,
)
from mlops.clients.oci.reference import Reference
from mlops.clients.oci.session import CONNECTIONS, Answer, Ask, Session
from mlops.clients.oci.upload import Blob, Upload
from mlops.clients.oci.words import mixed
from mlops.hashing import digest_bytes


class Repository:
    """One repository of a registry."""

    verb = "uploading"
    shared = True

    def __init__(
        self,
        place: Reference,
        login: Callable[[], Login | None] = lambda: None,
        session: Session | None = None,
    ) -> None:
        """Speak to the repository of `place`; tag and digest of it do not matter."""
        self.place = place
        self.session = session or Session(place, login)
        self._path = f"/v2/{place.repository}"

    def digest(self, pointer: str) -> str | None:
        """Return the digest of the manifest or index under a tag; None if there is none."""
        answer = self._manifest("HEAD", pointer)
        if answer.status == 404:
            return None
        told = str(answer.headers.get("Docker-Content-Digest", ""))
        return told or digest_bytes(self._manifest("GET", pointer).data)

    def manifest(self, pointer: str, platform: str) -> Manifest | None:
        """Return the manifest under a tag or digest, for a platform; None if there is none."""
        name = _named(self.place, pointer)
        body = self._document(pointer)
        if body is None:
            return None
        other = chosen(body, platform, name)
        found = self._document(other) if other else body
        return None if found is None else manifest_of(found, name)

    def _document(self, pointer: str) -> bytes | None:
        """Return the manifest or index under a tag or digest; None if there is none."""
        kept = self.session.read.get((self._path, pointer))
        if kept is not None:
            return kept
        answer = self._manifest("GET", pointer)
        if answer.status == 404:
            return None
        _check(self.session.host, pointer, answer.data)
        self.session.read[self._path, digest_bytes(answer.data)] = answer.data
        return answer.data

    def put_manifest(self, pointer: str, body: bytes, media_type: str = MANIFEST) -> str:
        """Put a manifest or index under a tag; return its digest. What is there is replaced."""
        ask = Ask(
            method="PUT",
            path=f"{self._path}/manifests/{pointer}",
            scopes=self._scopes("pull,push"),
            headers={"Content-Type": media_type},
            body=body,
        )
        self.session.call(ask, expect=(201,), what=f"put `{_named(self.place, pointer)}`")
        return digest_bytes(body)

    def holds(self, digest: str) -> bool:
        """Tell whether a blob is there."""
        ask = Ask(
            method="HEAD", path=f"{self._path}/blobs/{digest}", scopes=self._scopes("pull,push")
        )
        answer = self.session.call(ask, expect=(200, 404), what=f"look for `{digest}`")
        return answer.status == 200

    def held(self, digests: Sequence[str]) -> frozenset[str]:
        """Return which of some blobs are there.

        The first is looked for alone, since a registry may ask who we are; the others side by side.
        """
        first = [self.holds(digest) for digest in digests[:1]]
        with ThreadPoolExecutor(max_workers=CONNECTIONS, thread_name_prefix="held") as pool:
            found = [*first, *pool.map(self.holds, digests[1:])]
        return frozenset(digest for digest, there in zip(digests, found, strict=True) if there)

    def read(self, blob: Descriptor) -> bytes:
        """Return a blob that fits into memory: a configuration."""
        kept = self.session.read.get((self._path, blob.digest))
        if kept is not None:
            return kept
        ask = Ask(
            method="GET", path=f"{self._path}/blobs/{blob.digest}", scopes=self._scopes("pull")
        )
        body = self.session.call(ask, what=f"read `{blob.digest}`").data
        _check(self.session.host, blob.digest, body)
        self.session.read[self._path, blob.digest] = body
        return body

    def fetch(self, blob: Descriptor, file: Path) -> Iterator[int]:
        """Write a blob into `file`, going on where a connection broke; yield the bytes so far."""
        return fetch(self.session, self.place.repository, blob, file)

    def upload(self, blob: Blob, mount: str = "") -> Iterator[int | str]:
        """Upload a blob; yield the bytes sent so far, at last the digest.

        It is mounted from the repository `mount` of this registry where that is allowed.
        """
        upload = Upload(self.session, self.place.repository, blob)
        return upload.run(mount)

    def _manifest(self, method: str, pointer: str) -> Answer:
        ask = Ask(
            method=method,
            path=f"{self._path}/manifests/{pointer}",
            scopes=self._scopes("pull"),
            headers={"Accept": ACCEPT},
        )
        return self.session.call(
            ask, expect=(200, 404), what=f"look for `{_named(self.place, pointer)}`"
        )

    def _scopes(self, rights: str) -> tuple[str, ...]:
        return (f"repository:{self.place.repository}:{rights}",)


def _named(place: Reference, pointer: str) -> str:
    return f"{place.name}{'@' if pointer.startswith('sha256:') else ':'}{pointer}"


def _check(host: str, pointer: str, body: bytes) -> None:
    """Raise TargetError for what is not the manifest or blob that a digest names."""
    if pointer.startswith("sha256:") and digest_bytes(body) != pointer:
        raise mixed(host, pointer)

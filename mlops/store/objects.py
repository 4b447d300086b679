"""Named bytes in a folder or a cloud store: created once, read, listed.

A folder is made at the first write, so looking at a store that is not there makes nothing.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mlops.errors import Problem, SpecError, TargetError
from mlops.hashing import cache_folder
from mlops.store.cloud import CLOUDS, connect_cloud

CHUNK = 8 * 1024 * 1024
"""Bytes of one part of a large object; S3 takes no less than 5 MiB."""


class UnavailableError(TargetError):
    """A store failed for the moment; what was asked of it may have been done all the same."""


class Objects:
    """The objects of one store. Raises TargetError for whatever the store itself refuses.

    `root` is the folder of a folder store. `connect` makes the client of any other, and
    `connect_prompt` one that fails soon instead of trying for minutes.
    """

    def __init__(
        self,
        location: str,
        root: Path | None,
        connect: Callable[[], Any],
        connect_prompt: Callable[[], Any] | None = None,
    ) -> None:
        self.location = location
        self.root = root
        self._connect = connect
        self._connect_prompt = connect_prompt
        self._client: Any = None

    def prompt(self) -> "Objects":
        """Return the same store behind a client that fails within seconds, for short records."""
        if self._connect_prompt is None:
            return self
        return Objects(self.location, self.root, self._connect_prompt)

    def create(self, path: str, data: bytes) -> bool:
        """Write an object that does not exist yet. Return False if it does."""
        import obstore  # noqa: PLC0415  loaded late: most commands need no store
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415  as above

        with self._told("write", path):
            try:
                obstore.put(self._made(), path, data, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def overwrite(self, path: str, data: bytes) -> None:
        """Write an object, whether there is one or not; nobody ever sees half of it."""
        import obstore  # noqa: PLC0415  as above

        with self._told("write", path):
            obstore.put(self._made(), path, data, use_multipart=False)

    def upload(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write a large object in parts; if `chunks` raises, nothing of it remains."""
        import obstore  # noqa: PLC0415  as above

        with self._told("write", path):
            obstore.put(self._made(), path, iter(chunks), chunk_size=CHUNK, max_concurrency=4)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of an object; None if there is none."""
        chunks = self.chunks(path)
        return None if chunks is None else b"".join(chunks)

    def chunks(self, path: str) -> Iterator[bytes] | None:
        """Return the bytes of an object, part by part; None if there is none."""
        import obstore  # noqa: PLC0415  as above

        client = self._there()
        if client is None:
            return None
        with self._told("read", path):
            try:
                found = obstore.get(client, path)
            except FileNotFoundError:
                return None
        return self._stream(found, path)

    def size(self, path: str) -> int | None:
        """Return how many bytes an object has; None if there is none."""
        found = self._head(path)
        return None if found is None else int(found["size"])

    def modified(self, path: str) -> float | None:
        """Return when an object was last written, in seconds by the store's own clock."""
        found = self._head(path)
        return None if found is None else float(found["last_modified"].timestamp())

    def exists(self, path: str) -> bool:
        """Tell whether there is such an object."""
        return self.size(path) is not None

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return the paths of all objects below the folder `prefix`, sorted."""
        import obstore  # noqa: PLC0415  as above

        client = self._there()
        if client is None:
            return ()
        with self._told("list", prefix):
            batches = obstore.list(client, prefix, chunk_size=1000)
            return tuple(sorted(meta["path"] for batch in batches for meta in batch))

    def delete(self, paths: Iterable[str]) -> None:
        """Remove objects that nothing needs any more; those that are gone are no error."""
        import obstore  # noqa: PLC0415  as above

        for path in paths:
            with self._told("delete", path):
                try:
                    obstore.delete(self._made(), path)
                except FileNotFoundError:
                    continue

    def local(self, path: str) -> Path:
        """Return a local file with the bytes of an object, fetched once from a cloud store."""
        if self.root is not None:
            file = self.root / path
        else:
            mine = hashlib.sha256(self.location.encode()).hexdigest()[:16]
            file = cache_folder() / "objects" / mine / path
        if file.is_file():
            return file
        chunks = self.chunks(path) if self.root is None else None
        if chunks is None:
            raise self._failed(f"has no `{path}`", "apply again: it writes what is missing")
        with self._told("fetch", path):
            _write_whole(file, chunks)
        return file

    def _head(self, path: str) -> Any:
        import obstore  # noqa: PLC0415  as above

        client = self._there()
        if client is None:
            return None
        with self._told("read", path):
            try:
                return obstore.head(client, path)
            except FileNotFoundError:
                return None

    def _stream(self, found: Any, path: str) -> Iterator[bytes]:
        with self._told("read", path):
            yield from found.stream(min_chunk_size=CHUNK)

    def _there(self) -> Any:
        """Return the client; None if the folder of the store was not made yet."""
        if self.root is not None and not os.path.lexists(self.root):
            return None
        return self._made()

    def _made(self) -> Any:
        """Return the client, making the folder of the store."""
        if self._client is None:
            with self._told("open", "."):
                self._client = self._connect()
        return self._client

    @contextmanager
    def _told(self, verb: str, path: str) -> Iterator[None]:
        """Turn what the client raises into a TargetError."""
        from obstore.exceptions import BaseError  # noqa: PLC0415  as above

        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            # the query of a URL may be a signature
            reason = re.sub(r"\?\S*", "", first)
            problem = self._failed(
                f"can't {verb} `{path}`: {reason}", "check the store's address and your rights"
            )
            if self.root is None and _passing(error):
                raise UnavailableError(*problem.problems) from error
            raise problem from error

    def _failed(self, what: str, hint: str) -> TargetError:
        return TargetError(Problem(summary=f"the store `{self.location}` {what}", hint=hint))


def _passing(error: Exception) -> bool:
    """Tell whether an error of a cloud store may be gone soon: no connection, 408, 429, 5xx."""
    from obstore.exceptions import GenericError  # noqa: PLC0415  as above

    return isinstance(error, GenericError) and not re.search(
        r"status code: 4(?!08|29)|builder error", str(error)
    )


def _write_whole(file: Path, chunks: Iterable[bytes]) -> None:
    """Write a file that nobody sees before it is complete."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{uuid.uuid4().hex}")
    try:
        with fresh.open("wb") as writer:
            writer.writelines(chunks)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def open_store(location: str, folder: Path) -> Objects:
    """Return the store at a folder (relative to `folder`) or at a cloud address."""
    scheme, separator, _ = location.partition("://")
    if not separator or scheme == "file":
        return _open_folder(unquote(urlsplit(location).path) if separator else location, folder)
    if scheme not in CLOUDS:
        raise SpecError(
            Problem(
                summary=f"no store has the scheme `{scheme}`",
                hint="write a folder, or an address that begins with az://, s3:// or gs://",
            )
        )

    return Objects(
        _without_secrets(location),
        None,
        connect=lambda: connect_cloud(location, prompt=False),
        connect_prompt=lambda: connect_cloud(location, prompt=True),
    )


def _open_folder(location: str, folder: Path) -> Objects:
    root = Path(os.path.normpath(folder / Path(location).expanduser()))

    def connect() -> Any:
        from obstore.store import LocalStore  # noqa: PLC0415  loaded late

        return LocalStore(prefix=root, mkdir=True)

    return Objects(str(root), root, connect)


def _without_secrets(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

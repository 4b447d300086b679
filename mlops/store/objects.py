"""Named bytes in a folder or a cloud store: created once, read, listed.

A folder is made at the first write, so looking at a store that is not there makes nothing.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mlops.errors import Problem, SpecError
from mlops.hashing import cache_folder
from mlops.store.cloud import CLOUDS, connect_cloud
from mlops.store.connection import CHUNK, Connection, UnavailableError

__all__ = ["CHUNK", "Objects", "UnavailableError", "open_store"]

STAGED = re.compile(r"#[0-9]+$")
"""How the name of a file ends that the library is about to put in its place."""


class Objects:
    """The objects of one store. Raises TargetError for whatever the store itself refuses.

    `root` is the folder of a folder store. `connect` makes the client of any other, and
    `connect_prompt` one that fails soon instead of trying for minutes: `prompt` is the same store
    behind it, for short records. `sent` counts the requests to a store that is no folder.
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
        self.prompt = Objects(location, root, connect_prompt) if connect_prompt else self
        self._connection = Connection(location, root, connect)
        self.sent = self._connection.calls

    def create(self, path: str, data: bytes) -> bool:
        """Write an object that does not exist yet. Return False if it does."""
        import obstore  # noqa: PLC0415  loaded late: most commands need no store
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415  as above

        with self._connection.told("write", path):
            try:
                obstore.put(self._connection.made(), path, data, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def overwrite(self, path: str, data: bytes) -> None:
        """Write an object, whether there is one or not; nobody ever sees half of it."""
        import obstore  # noqa: PLC0415  as above

        with self._connection.told("write", path):
            obstore.put(self._connection.made(), path, data, use_multipart=False)

    def upload(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write a large object in parts; if `chunks` raises, nothing of it remains."""
        import obstore  # noqa: PLC0415  as above

        with self._connection.told("write", path):
            obstore.put(
                self._connection.made(), path, iter(chunks), chunk_size=CHUNK, max_concurrency=4
            )

    def read(self, path: str) -> bytes | None:
        """Return the bytes of an object; None if there is none."""
        chunks = self.chunks(path)
        return None if chunks is None else b"".join(chunks)

    def chunks(self, path: str) -> Iterator[bytes] | None:
        """Return the bytes of an object, part by part; None if there is none."""
        import obstore  # noqa: PLC0415  as above

        client = self._connection.there()
        if client is None:
            return None
        with self._connection.told("read", path):
            try:
                found = obstore.get(client, path)
            except FileNotFoundError:
                return None
        return self._connection.stream(found, path)

    def size(self, path: str) -> int | None:
        """Return how many bytes an object has; None if there is none."""
        found = self._connection.head(path)
        return None if found is None else int(found["size"])

    def modified(self, path: str) -> float | None:
        """Return when an object was last written, in seconds by the store's own clock."""
        found = self._connection.head(path)
        return None if found is None else float(found["last_modified"].timestamp())

    def exists(self, path: str) -> bool:
        """Tell whether there is such an object."""
        return self.size(path) is not None

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return the paths of all objects below the folder `prefix`, sorted."""
        import obstore  # noqa: PLC0415  as above

        client = self._connection.there()
        if client is None:
            return ()
        with self._connection.told("list", prefix):
            if self.root is not None:
                return tuple(sorted(_names(self.root, prefix)))
            batches = obstore.list(client, prefix, chunk_size=1000)
            return tuple(sorted(meta["path"] for batch in batches for meta in batch))

    def delete(self, paths: Iterable[str]) -> None:
        """Remove objects that nothing needs any more; those that are gone are no error."""
        import obstore  # noqa: PLC0415  as above

        for path in paths:
            with self._connection.told("delete", path):
                try:
                    obstore.delete(self._connection.made(), path)
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
            raise self._connection.failed(
                f"has no `{path}`", "apply again: it writes what is missing"
            )
        with self._connection.told("fetch", path):
            _write_whole(file, chunks)
        return file


def _names(root: Path, prefix: str) -> Iterator[str]:
    """Yield the paths of the files below a folder: their names alone, without a look at any.

    The library looks at each file whose name it read, and leaves out what is gone by then. Where a
    record follows upon another, both may be gone, and nothing would seem to have been there.
    """

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for folder, _, names in os.walk(root / prefix, onerror=failed, followlinks=True):
        within = Path(folder).relative_to(root).as_posix()
        yield from (f"{within}/{name}" for name in names if not STAGED.search(name))


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

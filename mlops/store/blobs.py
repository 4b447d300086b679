"""The bytes of models, once each, under their own digest. Never changes a blob."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

from mlops.artefacts import FileEntry
from mlops.digesting import Digesting, read_digesting
from mlops.errors import MlopsError, Problem, StaleError, StoppedError, TargetError
from mlops.hashing import HashCache, digest_file
from mlops.store.objects import CHUNK, Objects
from mlops.store.partial import clear_partial, partial

WRITERS = 4
"""Files that are stored side by side."""

HEARTBEAT = 0.2
"""Seconds between two words about how far it is."""


class Blobs:
    """The blobs of a store. `digest` is hex everywhere; the cache spares reading sources again."""

    def __init__(self, objects: Objects, cache: HashCache | None = None) -> None:
        self._objects = objects
        self._cache = cache or HashCache.open()
        self._cleared = False

    def add(
        self,
        source: Path,
        entry: FileEntry | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> str:
        """Store a file, reading it once; return its digest. A blob that is there stays.

        `progress` is told how many more bytes are done. Raises StaleError if the file is not
        what `entry` says; then no blob is made.
        """
        root = self._objects.root
        if entry is not None and self.holds(entry):
            _check(source, entry, _read(source, self._cache).digest)
            progress(entry.size)
            return entry.digest
        if root is not None:
            return self._copy(source, entry, progress, root)
        return self._upload(source, entry or _read(source, self._cache), progress)

    def add_all(self, files: Sequence[FileEntry], source: Callable[[str], Path]) -> Iterator[int]:
        """Store files side by side, yielding now and then how many bytes are done.

        `source` says where the file of a path lies. A caller that stops listening stops it.
        """
        done = 0
        lock, stop = threading.Lock(), threading.Event()

        def progress(count: int) -> None:
            nonlocal done
            if stop.is_set():
                raise StoppedError(Problem(summary="stopped while storing a model"))
            with lock:
                done += count

        def store(entry: FileEntry) -> None:
            self.add(source(entry.path), entry, progress)

        pool = ThreadPoolExecutor(max_workers=WRITERS, thread_name_prefix="store")
        try:
            left = {pool.submit(store, entry) for entry in files}
            while left:
                ready, left = wait(left, timeout=HEARTBEAT, return_when=FIRST_EXCEPTION)
                for future in ready:
                    future.result()
                yield done
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            self._cache.save()

    def holds(self, entry: FileEntry) -> bool:
        """Tell whether the blob of a file is there, whole."""
        return self._objects.size(_name(entry.digest)) == entry.size

    def size(self, digest: str) -> int | None:
        """Return how many bytes a blob has; None if there is none."""
        return self._objects.size(_name(digest))

    def remove(self, digests: Iterable[str]) -> None:
        """Remove blobs that nothing needs any more."""
        self._objects.delete(_name(digest) for digest in digests)

    def path(self, digest: str) -> Path:
        """Return a local file that is the blob; of a cloud store, fetched once and verified."""
        file = self._objects.local(_name(digest))
        if self._objects.root is None and digest_file(file, self._cache)[1] != digest:
            file.unlink(missing_ok=True)
            raise TargetError(
                Problem(
                    summary=f"the blob `{digest}` in `{self._objects.location}` is damaged",
                    hint="remove it from the store and apply again",
                )
            )
        return file

    def _copy(
        self, source: Path, entry: FileEntry | None, progress: Callable[[int], None], root: Path
    ) -> str:
        folder = root / "blobs" / "partial"
        try:
            if not self._cleared:
                clear_partial(folder)
                self._cleared = True
            with partial(folder) as (path, file):
                with closing(Digesting()) as digesting:
                    for chunk in _chunks(source, digesting):
                        file.write(chunk)
                        progress(len(chunk))
                digest = digesting.hexdigest()
                if entry is not None:
                    _check(source, entry, digest)
                file.flush()
                os.fchmod(file.fileno(), 0o444)
                final = root / _name(digest)
                final.parent.mkdir(parents=True, exist_ok=True)
                path.replace(final)
        except OSError as error:
            raise TargetError(
                Problem(
                    summary=f"can't write to the store `{root}`: {error.strerror}",
                    hint="make room, or make it writable",
                )
            ) from error
        return digest

    def _upload(self, source: Path, entry: FileEntry, progress: Callable[[int], None]) -> str:
        def verified() -> Iterator[bytes]:
            with closing(Digesting()) as digesting:
                for chunk in _chunks(source, digesting, CHUNK):
                    progress(len(chunk))
                    yield chunk
            _check(source, entry, digesting.hexdigest())  # raising here, no object comes to be

        if _size(source) <= CHUNK:  # that of `entry` may not be known yet
            self._objects.create(_name(entry.digest), b"".join(verified()))
        else:
            self._objects.upload(_name(entry.digest), verified())
        return entry.digest


def _name(digest: str) -> str:
    return f"blobs/sha256/{digest}"


def _chunks(source: Path, digesting: Digesting, size: int = 0) -> Iterator[bytes]:
    """Yield the bytes of a source; raise StaleError if it can't be read, as it could before."""
    chunks = read_digesting(source, digesting, size) if size else read_digesting(source, digesting)
    try:
        yield from chunks
    except OSError as error:
        raise _stale(source, f"can't be read any more: {error.strerror}") from error


def _size(source: Path) -> int:
    try:
        return source.stat().st_size
    except OSError as error:
        raise _stale(source, f"can't be read any more: {error.strerror}") from error


def _read(source: Path, cache: HashCache) -> FileEntry:
    try:
        size, digest = digest_file(source, cache)
        return FileEntry(path=source.name, size=size, digest=digest)
    except MlopsError as error:
        raise StaleError(*error.problems) from error


def _check(source: Path, entry: FileEntry, digest: str) -> None:
    if digest != entry.digest:
        raise _stale(source, "changed since the plan")


def _stale(source: Path, what: str) -> StaleError:
    return StaleError(Problem(summary=f"`{source}` {what}", hint="run `mlops plan` again"))

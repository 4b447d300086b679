"""Files that are being written: their writer holds a lock, so what a killed run left is known."""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def partial(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Give a new file in `folder`, locked; it is removed at the end unless it was renamed."""
    path, file = _locked(folder)
    try:
        with file:
            yield path, file
    finally:
        path.unlink(missing_ok=True)


def clear_partial(folder: Path) -> None:
    """Remove the files in `folder` whose writers are dead."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        with suppress(OSError), path.open("rb") as file:  # busy, or gone meanwhile
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)


def _locked(folder: Path) -> tuple[Path, BinaryIO]:
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / uuid.uuid4().hex
        file = path.open("xb")
        with suppress(OSError):  # a file system without locks: nobody clears there either
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return path, file
        file.close()  # cleared between its making and its lock

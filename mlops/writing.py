"""Writes a file whole: a reader sees the old one or the new one, never half of it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(
    path: Path, data: bytes, allowed: Callable[[], None] = lambda: None, mode: int = 0o666
) -> None:
    """Write a file whole, with the rights of `mode` that the user's mask leaves.

    `allowed` raises if it may no longer be written; it is asked at the last moment. What a killed
    writer leaves is called `.<name>.<pid>`.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        allowed()
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def put_whole(part: Path, file: Path) -> None:
    """Give what was written to `part`, in the same folder, the name `file` too."""
    fresh = part.with_name(f"{part.name}.whole")
    fresh.hardlink_to(part)
    fresh.replace(file)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Let one thread of one run at a time do what the file `lock` is about."""
    import fcntl  # noqa: PLC0415  absent on Windows, where importing this module must still work

    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""Digests of files and folders, and the cache that spares reading them again.

Never writes anything but that cache, and works without it.
"""

import hashlib
import json
import os
import re
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops.artefacts import Content, FileEntry
from mlops.bounds import Bounds, check_bounds, check_whole
from mlops.digesting import BUFFER, LARGE, digest_beside
from mlops.errors import Problem, SpecError
from mlops.plain import canonical
from mlops.writing import alone

YOUNG = 2.0
"""Seconds for which a file may change without its times telling, where these are whole seconds:
FAT counts in twos."""

YOUNG_FINELY = 0.1
"""The same where times have fractions: Linux takes them from its last tick, at most 10 ms ago."""

REMEMBERED = 20_000
"""Files in the cache; reading that many takes some 30 ms."""

MOST_LINKS = 1000
"""Links to folders that are followed: they can multiply without end."""


def digest_bytes(data: bytes) -> str:
    """Return the digest of some bytes: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_json(value: Any) -> str:
    """Return the digest of a plain value, written in the one canonical way."""
    return digest_bytes(canonical(value))


def short(digest: str) -> str:
    """Return the first 12 hex digits of a digest, for people."""
    return digest.removeprefix("sha256:")[:12]


def cache_folder() -> Path:
    """Return the user's folder for what can be made again. Raises RuntimeError without a home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "mlops"


class HashCache:
    """Remembers the digests of files that did not change since. Safe to share between threads.

    Whatever is wrong with its file, it is merely empty: the cost is reading files again.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, str] | None = None
        self._used: dict[str, str] = {}
        self._learned = False

    @classmethod
    def open(cls, path: Path | None = None) -> "HashCache":
        """Return the cache kept in the file `path`; by default the user's own."""
        if path is not None:
            return cls(path)
        try:
            return cls(cache_folder() / "hashes.json")
        except RuntimeError:
            return cls(None)

    def lookup(self, path: Path, seen: os.stat_result) -> str | None:
        """Return the digest (hex) of a file that is as it was when it was read."""
        key = os.path.abspath(path)  # noqa: PTH100  Path.absolute keeps `..`
        with self._lock:
            if self._known is None:
                self._known = self._read()
            entry = self._used.get(key) or self._known.get(key, "")
            identity, _, digest = entry.rpartition(" ")
            if identity != _identity(seen) or not re.fullmatch("[0-9a-f]{64}", digest):
                return None
            self._used[key] = entry
            return digest

    def remember(self, path: Path, seen: os.stat_result, digest: str, began: float) -> None:
        """Keep the digest of a file, `seen` before it was read from the time `began` on.

        A file that was changed shortly before could change again without its times telling:
        it is not kept.
        """
        if began - max(seen.st_mtime, seen.st_ctime) < _young(seen):
            return
        key = os.path.abspath(path)  # noqa: PTH100  Path.absolute keeps `..`
        with self._lock:
            self._used[key] = f"{_identity(seen)} {digest}"
            self._learned = True

    def save(self) -> None:
        """Write what was learned beside what other runs learned meanwhile, newest last."""
        with self._lock:
            if self._path is None or not self._learned:
                return
            with suppress(OSError), alone(self._path.with_suffix(".lock")):
                kept = {key: entry for key, entry in self._read().items() if key not in self._used}
                entries = list((kept | self._used).items())[-REMEMBERED:]
                _replace(self._path, json.dumps(dict(entries)).encode())
                self._learned = False

    def _read(self) -> dict[str, str]:
        try:
            entries = json.loads(self._path.read_bytes()) if self._path else {}
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(entries, dict):
            return {}
        return {key: entry for key, entry in entries.items() if isinstance(entry, str)}


def content_of(
    path: Path,
    *,
    cache: HashCache | None,
    prefix: str = "",
    skip: Callable[[str], bool] = lambda _: False,
    bounds: Bounds = Bounds(),  # noqa: B008  it is frozen
) -> Content:
    """Return what is in a file or folder. Raises SpecError for what can't be content.

    `prefix` stands for `path` itself in the paths of the files; without it they are relative to
    the folder, and a file has its own name. `skip` is asked for each path within the folder, of
    files and of folders. Links within the folder are followed, others refused. No file at all
    gives a content without files; more than `bounds` allow is refused before it is read.
    """
    root = Path(os.path.realpath(path))
    if root.is_dir():
        found = [
            (f"{prefix}/{name}" if prefix else name, file)
            for name, file in _walk(root, skip, bounds)
        ]
    else:
        _check_regular(root, str(path))
        found = [(prefix or path.name, root)]
    workers = min(8, len(found), 2 * (os.cpu_count() or 1))
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="hash") as pool:
        read = pool.map(lambda item: digest_file(item[1], cache), found)
        files = [
            FileEntry(path=name, size=size, digest=digest)
            for (name, _), (size, digest) in zip(found, read, strict=True)
        ]
    return content(files)


def content(files: list[FileEntry]) -> Content:
    """Return the content that some files are: the digest covers their paths and bytes."""
    ordered = tuple(sorted(files, key=lambda entry: entry.path))
    digest = digest_json([[entry.path, entry.digest] for entry in ordered])
    return Content(digest=digest, files=ordered)


def digest_file(path: Path, cache: HashCache | None) -> tuple[int, str]:
    """Return size and digest (hex) of a file, unread if the cache knows it. Raises SpecError."""
    began = time.time()
    try:
        seen = path.stat()
        known = cache.lookup(path, seen) if cache is not None else None
        if known:
            return seen.st_size, known
        with path.open("rb", buffering=0) as file:
            check_whole(file.fileno(), seen.st_size, path.name)
            digest = _sha256(file, seen.st_size)
            now = os.fstat(file.fileno())
    except OSError as error:
        raise _refused(f"can't read `{path}`: {error.strerror}", "make it readable") from error
    if _identity(seen) != _identity(now):
        raise _refused(f"`{path}` changed while it was read", "try again once nobody writes to it")
    if cache is not None:
        cache.remember(path, seen, digest, began)
    return seen.st_size, digest


def _sha256(file: Any, size: int) -> str:
    if size >= LARGE:
        return digest_beside(file)
    digest, buffer = hashlib.sha256(), bytearray(min(BUFFER, size + 1))
    view = memoryview(buffer)
    while count := file.readinto(buffer):
        digest.update(view[:count])
    return digest.hexdigest()


def _walk(root: Path, skip: Callable[[str], bool], bounds: Bounds) -> list[tuple[str, Path]]:
    """Return every file of a folder: its path within, and where it really is."""
    found: list[tuple[str, Path]] = []
    left: list[tuple[str, Path, tuple[Path, ...]]] = [("", root, (root,))]
    links = total = 0
    while left:
        prefix, folder, above = left.pop()
        for name in _names(folder):
            if skip(prefix + name):
                continue
            real = _real(folder / name, root, prefix + name)
            if not real.is_dir():
                total += _check_regular(real, prefix + name)
                found.append((prefix + name, real))
                check_bounds(bounds, root.name, len(found), total)
                continue
            links += real != folder / name
            _check_link(prefix + name, links, leads_back=real in above)
            left.append((f"{prefix}{name}/", real, (*above, real)))
    return found


def _names(folder: Path) -> list[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  names, not paths
    except OSError as error:
        raise _refused(f"can't read `{folder}`: {error.strerror}", "make it readable") from error
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise _refused(
                f"the file name {name!a} in `{folder}` is not UTF-8", "rename the file"
            ) from error
    return names


def _real(path: Path, root: Path, name: str) -> Path:
    """Return what a path leads to. Raises SpecError if that is outside of `root`."""
    if not path.is_symlink():
        return path
    real = Path(os.path.realpath(path))
    if real != root and root not in real.parents:
        raise _refused(
            f"the link `{name}` points outside of `{root}`", "replace it by what it points to"
        )
    return real


def _check_link(name: str, count: int, *, leads_back: bool) -> None:
    if leads_back:
        raise _refused(f"the link `{name}` leads back to a folder that it is in", "remove the link")
    if count > MOST_LINKS:
        raise _refused(f"more than {MOST_LINKS} links to folders, `{name}` too", "remove links")


def _check_regular(path: Path, name: str) -> int:
    """Return the size of a file. Raises SpecError for what is none."""
    try:
        seen = path.stat()
    except FileNotFoundError as error:
        raise _refused(f"there is no file `{name}`", "check the path and its case") from error
    except OSError as error:
        raise _refused(f"can't read `{name}`: {error.strerror}", "make it readable") from error
    if not stat.S_ISREG(seen.st_mode):
        raise _refused(f"`{name}` is neither a file nor a folder", "remove it")
    return seen.st_size


def _refused(summary: str, hint: str) -> SpecError:
    shown = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in summary
    )
    return SpecError(Problem(summary=shown, hint=hint))


def _identity(seen: os.stat_result) -> str:
    return " ".join(
        str(part)
        for part in (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino, seen.st_dev)
    )


def _young(seen: os.stat_result) -> float:
    """Return the seconds for which a file may change without its times telling."""
    return YOUNG_FINELY if seen.st_ctime_ns % 1_000_000_000 else YOUNG


def _replace(path: Path, data: bytes) -> None:
    """Write a file such that a reader sees the old or the new one."""
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(fresh).replace(path)
    except OSError:
        Path(fresh).unlink(missing_ok=True)
        raise

"""The layer of the user's packages: a virtual environment of the base's Python, from wheels.

What `uv` unpacked is laid out as a venv has it; the scripts name the Python that they will have.
"""

import base64
import csv
import hashlib
import io
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from mlops.environments.unpack import unpack, wheel_platform
from mlops.hashing import cache_folder, digest_json
from mlops.images import paths
from mlops.images.base import Facts
from mlops.images.layers import Draft, Kind, Later, Member
from mlops.plain import NOTHING
from mlops.values import Progress

LAYOUT = 1
"""Raised when the same packages shall be laid out another way."""

BESIDE = ("bin", "etc", "include", "man", "share")
"""Folders that wheels have beside their packages; `uv` puts all into one folder."""

LEFT_OUT = (".lock", "uv_build.json", "uv_cache.json")
"""What `uv` writes for itself."""

ABANDONED = 24 * 3600.0
"""Seconds after which nobody reads any more what was unpacked."""

_PYTHON = re.compile(rb"\A#!(?:/bin/sh\n'''exec' [^\n]*\n' '''|[^\n]*python[^\n]*)\n")
"""How the script of a package begins: with the Python of who unpacked it."""


Built: TypeAlias = Callable[[], Mapping[str, Path]]
"""Finds the wheels that were built, by their names."""


def environment_draft(lock: str, facts: Facts, built: Built = lambda: NOTHING) -> Draft:
    """Return the layer of the packages of a lock. They are fetched when it is written.

    `built` finds the wheels among them that no index has, by their names.
    """
    told = [LAYOUT, lock, facts.python, facts.version, facts.platform, facts.glibc]
    wheels = Wheels(lock, facts, paths.ENVIRONMENT, built)

    def find() -> Iterator[Progress | Member]:
        yield from venv_members(paths.ENVIRONMENT, facts, system=True)
        yield from wheels.members()

    return Draft(
        kind=Kind.ENVIRONMENT,
        prefix=paths.ENVIRONMENT,
        members=Later(find),
        known=digest_json(told),
    )


def venv_members(prefix: str, facts: Facts, *, system: bool) -> tuple[Member, ...]:
    """Return what makes a folder a virtual environment; `system` shows the base's packages too."""
    config = (
        f"home = {facts.home}\n"
        f"include-system-site-packages = {'true' if system else 'false'}\n"
        f"version = {facts.version}\n"
    )
    return (
        file_member(f"{prefix}/pyvenv.cfg", config.encode()),
        Member(path=f"{prefix}/bin/python", link=facts.python),
        Member(path=f"{prefix}/bin/python3", link="python"),
        Member(path=paths.packages(prefix, facts.version)),
    )


def file_member(path: str, source: bytes, *, executable: bool = False) -> Member:
    """Return a file of a layer whose bytes are in memory."""
    digest = hashlib.sha256(source).hexdigest()
    return Member(path=path, size=len(source), digest=digest, source=source, executable=executable)


class Wheels:
    """The files of locked packages, as they lie in a virtual environment at `prefix`.

    They can be read as long as this object lives.
    """

    def __init__(
        self, lock: str, facts: Facts, prefix: str, built: Built = lambda: NOTHING
    ) -> None:
        self._built = built
        self._lock = lock
        self._facts = facts
        self._prefix = prefix
        self._room: tempfile.TemporaryDirectory[str] | None = None

    def members(self) -> Iterator[Progress | Member]:
        """Unpack the packages, then yield each file. Raises TargetError."""
        platform = wheel_platform(self._facts.platform, self._facts.glibc)
        self._room = tempfile.TemporaryDirectory(dir=unpacking())
        folder = Path(self._room.name, "packages")
        folder.mkdir()
        yield from unpack(self._lock, self._facts.version, platform, folder, self._built())
        changed = _changed(folder, self._prefix)
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            to = f"{self._prefix}/{_placed(name, self._facts.version)}"
            mode = path.stat()
            executable = bool(mode.st_mode & 0o100)
            if name in changed:
                yield file_member(to, changed[name], executable=executable)
            else:
                yield Member(path=to, size=mode.st_size, source=path, executable=executable)


def unpacking() -> Path:
    """Return where packages are unpacked, without what killed runs left there."""
    room = cache_folder() / "unpacked"
    room.mkdir(parents=True, exist_ok=True)
    for path in room.iterdir():
        if time.time() - path.lstat().st_mtime > ABANDONED:
            shutil.rmtree(path, ignore_errors=True)
    return room


def _files(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(at, name) for name in sorted(names) if name not in LEFT_OUT)


def _placed(name: str, version: str) -> str:
    """Return where a file lies below the prefix of a virtual environment."""
    if name.partition("/")[0] in BESIDE:
        return name
    return f"lib/python{version}/site-packages/{name}"


def _changed(folder: Path, prefix: str) -> dict[str, bytes]:
    """Return the files that are not as unpacked: scripts, and the lists that name them."""
    changed: dict[str, bytes] = {}
    shebang = f"#!{paths.python(prefix)}\n".encode()
    for path in _files(folder / "bin"):
        data = path.read_bytes()
        written = _PYTHON.sub(lambda _: shebang, data, count=1)
        if written != data:
            changed[path.relative_to(folder).as_posix()] = written
    for path in sorted(folder.glob("*.dist-info/RECORD")):
        changed[path.relative_to(folder).as_posix()] = _record(path.read_text("utf-8"), changed)
    return changed


def _record(text: str, changed: Mapping[str, bytes]) -> bytes:
    """Return the list of a package's files as they lie in the image. Pure."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in csv.reader(io.StringIO(text)):
        if not row or row[0].rpartition("/")[2] in LEFT_OUT:
            continue
        name, *told = row
        if name in changed:
            digest = base64.urlsafe_b64encode(hashlib.sha256(changed[name]).digest())
            told = [f"sha256={digest.decode().rstrip('=')}", str(len(changed[name]))]
        up = "../../../" if name.partition("/")[0] in BESIDE else ""
        writer.writerow([up + name, *told])
    return out.getvalue().encode()

"""The layers of conda packages: the user's own, and a Python for the server where it needs one.

They are laid out for the prefix that they have in the image; none of their scripts is run.
"""

import json
import os
import re
import tempfile
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from mlops.environments.conda.brought import Brought, brought
from mlops.environments.conda.inside import META
from mlops.environments.conda.install import lay_out
from mlops.environments.conda.locked import python_of
from mlops.environments.conda.read import read_conda
from mlops.errors import Problem, SpecError, TargetError, Where
from mlops.hashing import digest_json
from mlops.images import paths
from mlops.images.base import Facts
from mlops.images.environment import file_member, unpacking
from mlops.images.inputs import ImageInputs
from mlops.images.layers import Draft, Kind, Later, Member
from mlops.values import Progress

LAYOUT = 1
"""Raised when the same packages shall be laid out another way."""

PREFIXES = {Kind.CONDA: paths.CONDA, Kind.FRONT: paths.FRONT}

LEFT_OUT = ("CACHEDIR.TAG", f"{META}/history")
"""What `rattler` writes for itself."""

MACHINES_OWN = ("extracted_package_dir", "link", "package_tarball_full_path", "requested_specs")
"""What it writes of a package that tells of this machine."""

_SCRIPT = re.compile(r"bin/\.(.+)-post-link\.sh")


def conda_draft(kind: Kind, lock: str, platform: str) -> Draft:
    """Return the layer of some locked packages. They are fetched when it is written."""
    packages = Prefix(lock, platform, PREFIXES[kind])
    return Draft(
        kind=kind,
        prefix=PREFIXES[kind],
        members=Later(packages.members),
        known=digest_json(["conda", LAYOUT, lock, platform]),
    )


def conda_facts(kind: Kind, lock: str, base: Facts) -> Facts:
    """Return what layers depend on that are upon conda's Python instead of the base's."""
    version = python_of(lock)
    return replace(base, python=f"/{PREFIXES[kind]}/bin/python{version}", version=version)


def python_packages(lock: str, platform: str) -> Generator[Progress, None, tuple[Brought, ...]]:
    """Return the Python packages that locked conda packages bring. Fetches them."""
    with tempfile.TemporaryDirectory(dir=unpacking(), ignore_cleanup_errors=True) as room:
        folder = Path(room, "packages")
        yield from lay_out(lock, platform, f"/{paths.CONDA}", folder)
        return brought(folder)


class Prefix:
    """The files of locked conda packages, as they lie at `prefix`.

    They can be read as long as this object lives.
    """

    def __init__(self, lock: str, platform: str, prefix: str) -> None:
        self._lock = lock
        self._platform = platform
        self._prefix = prefix
        self._room: tempfile.TemporaryDirectory[str] | None = None

    def members(self) -> Iterator[Progress | Member]:
        """Lay the packages out, then yield each file. Raises TargetError."""
        self._room = tempfile.TemporaryDirectory(dir=unpacking(), ignore_cleanup_errors=True)
        folder = Path(self._room.name, "packages")
        yield from lay_out(self._lock, self._platform, f"/{self._prefix}", folder)
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            script = _SCRIPT.fullmatch(name)
            if script is not None:
                yield Progress(text=f"the conda package {script[1]} has a script that is not run")
            if name not in LEFT_OUT:
                yield _member(f"{self._prefix}/{name}", path)


def placed(error: TargetError, inputs: ImageInputs) -> TargetError:
    """Return an error about conda packages with the lines of the file that ask for them."""
    try:
        asked = read_conda(Path(inputs.conda_file)).packages
    except SpecError:  # planned on another machine
        return error
    places = {package.name: where for package, where in asked}
    return TargetError(*(_placed(problem, places) for problem in error.problems))


def _placed(problem: Problem, places: Mapping[str, Where]) -> Problem:
    named = (where for name, where in places.items() if _names(problem.summary, name))
    return replace(problem, where=problem.where or next(named, None))


def _names(summary: str, name: str) -> bool:
    """Tell whether a sentence names a package, whose own name may be a part of others'."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", summary) is not None


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file and link; a link to a folder is one thing."""
    for at, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if Path(at, name).is_symlink()]
        yield from (Path(at, name) for name in sorted([*names, *links]))


def _member(to: str, path: Path) -> Member:
    if path.is_symlink():
        return Member(path=to, link=str(path.readlink()))
    mode = path.stat()
    executable = bool(mode.st_mode & 0o100)
    if path.parent.name == META and path.suffix == ".json":
        return file_member(to, _record(path.read_bytes()))
    return Member(path=to, size=mode.st_size, source=path, executable=executable)


def _record(source: bytes) -> bytes:
    """Return what is written down of a package, the same on every machine. Pure."""
    told = {key: value for key, value in json.loads(source).items() if key not in MACHINES_OWN}
    return json.dumps(told, indent=1, sort_keys=True).encode()

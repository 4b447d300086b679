"""Locked lists that hold wheels which were built from source: what they say of them. Pure.

Such a list names each of these wheels in a comment; their bytes lie in the store, and on no index.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from mlops.artefacts import FileEntry
from mlops.errors import Problem, TargetError

WHEEL = re.compile(r"[A-Za-z0-9_.]+-[A-Za-z0-9_.!+]+(?:-[A-Za-z0-9_.]+){3,4}\.whl")
"""The name of a wheel."""

_BUILT = re.compile(rf"# built from source: ({WHEEL.pattern}) (\d+) ([0-9a-f]{{64}})")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9_.!+-]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def built_wheels(lock: str) -> tuple[FileEntry, ...]:
    """Return the wheels of a list that were built, by their names."""
    return tuple(
        FileEntry(path=found[1], size=int(found[2]), digest=found[3])
        for found in map(_BUILT.fullmatch, lock.splitlines())
        if found
    )


def built_lock(python: str, packages: Iterable[Any], wheels: Iterable[FileEntry]) -> str:
    """Return the list of what pip resolved: `packages` are plain JSON, `wheels` what it built.

    Raises TargetError for what can't be a package: who told of it ran the code of packages.
    """
    made = tuple(sorted(wheels, key=lambda wheel: wheel.path))
    digests = {_key(*wheel.path.split("-")[:2]): wheel.digest for wheel in made}
    head = [f"# locked for Python {python}"]
    head += [f"# built from source: {one.path} {one.size} {one.digest}" for one in made]
    lines = sorted(line for package in packages for line in _lines(package, digests))
    return "\n".join([*head, *lines]) + "\n"


def _lines(package: Any, digests: Mapping[tuple[str, str], str]) -> Iterator[str]:
    told = package if isinstance(package, dict) else {}
    name, version = str(told.get("name")), str(told.get("version"))
    digest = digests.get(_key(name, version)) or _fetched(told)
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version) and digest):
        raise TargetError(
            Problem(
                summary=f"pip tells of no package that can be locked: `{name[:60]}`",
                hint="ask for a version that has a wheel, or put it into a `base_image`",
            )
        )
    yield f"{_plain(name)}=={version} \\\n    --hash=sha256:{digest}"


def _fetched(package: Mapping[str, Any]) -> str:
    """Return the digest of a wheel that everybody can fetch; empty for anything else."""
    address, digest = urlsplit(str(package.get("url"))), str(package.get("sha256"))
    there = address.scheme == "https" and PurePosixPath(address.path).suffix == ".whl"
    return digest if there and _DIGEST.fullmatch(digest) else ""


def _key(name: str, version: str) -> tuple[str, str]:
    return _plain(name), _plain(version)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

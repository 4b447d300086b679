"""What a base image offers: its Python and its C library, told from its files. Runs nothing."""

import re
from collections.abc import Mapping
from posixpath import dirname
from typing import Any, Protocol

from msgspec import Struct

from mlops.errors import Problem, TargetError
from mlops.spec import Fields

FOLDERS = ("/usr/local/bin", "/usr/bin", "/opt/conda/bin", "/opt/python/bin", "/opt/venv/bin")
"""Where Pythons lie whose folder is not on the PATH of an image."""

MINORS = range(6, 20)
"""The Pythons 3.x that are looked for, to name them where the wanted one is not there."""

FACTS = ("python", "version", "glibc", "platform")
"""The keys of facts as plain JSON."""

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_VERSION = re.compile(rb"GNU C Library [^\n]{0,80}? version (\d+)\.(\d+)")
_NAMED = re.compile(r"libc-(\d+)\.(\d+)\.so$")


class Tree(Protocol):
    """The files of an image. Paths are absolute."""

    def real(self, path: str) -> str:
        """Return where a path leads, all links followed; empty if nothing is there."""

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""


class Facts(Struct, frozen=True, kw_only=True):
    """What layers upon a base depend on. `python` is an absolute path, `glibc` like `2.36`.

    Where no Python was wanted of a base, `python` and `version` are empty.
    """

    python: str
    version: str
    glibc: str
    platform: str

    @property
    def home(self) -> str:
        """The folder of the Python."""
        return dirname(self.python)


class Base(Struct, frozen=True, kw_only=True):
    """A base as it was found: `digest` pins it, in the words of who found it."""

    digest: str
    facts: Facts


def facts(tree: Tree, config: Mapping[str, Any], python: str, platform: str) -> Facts:
    """Return what a base offers for a wanted Python like `3.11`, or for none. Raises TargetError.

    `config` is the `config` of its description, which says its PATH.
    """
    folders = _folders(config)
    return Facts(
        python=_python(tree, folders, python) if python else "",
        version=python,
        glibc=_glibc(tree, platform),
        platform=platform,
    )


def facts_record(found: Facts) -> Fields:
    """Return the facts as plain JSON."""
    return {
        "python": found.python,
        "version": found.version,
        "glibc": found.glibc,
        "platform": found.platform,
    }


def facts_of(record: Mapping[str, Any]) -> Facts:
    """Return the facts that a record tells of."""
    return Facts(**{key: str(record[key]) for key in FACTS})


def libraries(platform: str) -> tuple[str, ...]:
    """Return where the C library of a platform may lie."""
    machine = _MACHINES.get(platform.split("/")[1], platform.split("/")[1])
    folders = (f"lib/{machine}-linux-gnu", f"usr/lib/{machine}-linux-gnu", "lib64", "usr/lib64")
    return tuple(f"/{folder}/libc.so.6" for folder in (*folders, "lib", "usr/lib"))


def _folders(config: Mapping[str, Any]) -> tuple[str, ...]:
    settings = dict(str(line).split("=", 1) for line in config.get("Env") or () if "=" in str(line))
    told = [folder for folder in settings.get("PATH", "").split(":") if folder.startswith("/")]
    return tuple(dict.fromkeys((*told, *FOLDERS)))


def _python(tree: Tree, folders: tuple[str, ...], version: str) -> str:
    for folder in folders:
        found = tree.real(f"{folder}/python{version}")
        if found:
            return found
    others = [
        f"3.{minor}"
        for minor in MINORS
        if any(tree.real(f"{folder}/python3.{minor}") for folder in folders)
    ]
    has = f"it has {', '.join(others)}" if others else "it has none"
    raise TargetError(
        Problem(
            summary=f"the base image has no Python {version}: {has}",
            hint="choose another `base_image`, or set `python` to what it has"
            if others
            else "choose a `base_image` with a Python, as `python:3.11-slim`",
        )
    )


def _glibc(tree: Tree, platform: str) -> str:
    for path in libraries(platform):
        found = tree.real(path)
        if not found:
            continue
        named = _NAMED.search(found)
        if named:
            return f"{named[1]}.{named[2]}"
        told = _VERSION.search(tree.read(found))
        if told:
            return f"{int(told[1])}.{int(told[2])}"
    raise TargetError(
        Problem(
            summary=f"the base image has no GNU C library for `{platform}`, which wheels need",
            hint="choose a `base_image` made of Debian, Ubuntu or Red Hat; Alpine has another one",
        )
    )

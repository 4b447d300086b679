"""What conda packages bring of Python's own packages: pip shall find it there, and add nothing."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from mlops.environments.versions import is_version

_LISTS = ("*.dist-info/METADATA", "*.egg-info/PKG-INFO", "*.egg-info")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_KEPT = ("Requires-Dist", "Provides-Extra")


class Brought(Struct, frozen=True, kw_only=True):
    """A Python package that is there already. `needs` are the lines that say what it needs."""

    name: str
    version: str
    needs: tuple[str, ...] = ()

    @property
    def wheel(self) -> str:
        """The name of a wheel of it."""
        plain = self.name.replace("-", "_").replace(".", "_")
        return f"{plain}-{self.version}-py3-none-any.whl"


def brought(folder: Path) -> tuple[Brought, ...]:
    """Return the Python packages in a conda prefix, each once, by name.

    What is no name or no version is left out: nothing else gets into what a resolver is told.
    """
    found: dict[str, Brought] = {}
    for pattern in _LISTS:
        for file in sorted(folder.glob(f"lib/python*/site-packages/{pattern}")):
            one = _read(file) if file.is_file() else None
            if one and _NAME.fullmatch(one.name) and is_version(one.version):
                found.setdefault(one.name.lower(), one)
    return tuple(found[name] for name in sorted(found))


def write_wheels(packages: Iterable[Brought], folder: Path) -> None:
    """Write a wheel of each package that holds no code: a resolver finds there what it needs."""
    import zipfile  # noqa: PLC0415 - slow to import

    folder.mkdir()
    for one in packages:
        head, _, _ = one.wheel.rpartition("-py3-none-any.whl")
        lines = ["Metadata-Version: 2.1", f"Name: {one.name}", f"Version: {one.version}"]
        files = {
            "METADATA": "\n".join([*lines, *one.needs]) + "\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        with zipfile.ZipFile(folder / one.wheel, "w") as wheel:
            for name, text in files.items():
                wheel.writestr(f"{head}.dist-info/{name}", text)
            listed = "".join(f"{head}.dist-info/{name},,\n" for name in (*files, "RECORD"))
            wheel.writestr(f"{head}.dist-info/RECORD", listed)


def _read(file: Path) -> Brought:
    from email.parser import BytesHeaderParser  # noqa: PLC0415 - slow to import

    with file.open("rb") as source:
        told = BytesHeaderParser().parse(source)
    needs = tuple(_lines(told.items()))
    return Brought(name=told.get("Name", ""), version=told.get("Version", ""), needs=needs)


def _lines(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in told:
        if name in _KEPT:
            yield f"{name}: {' '.join(value.split())}"

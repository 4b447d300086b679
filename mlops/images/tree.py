"""The files of an image, read from its layers: names and links of all, bytes of a few."""

import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from posixpath import join, normpath

from mlops.errors import Problem, TargetError

KEPT = re.compile(r"(^|/)libc(\.so\.6|-[0-9.]+\.so)$")
"""The files whose bytes somebody asks for."""

MOST_LINKS = 40
"""Links that a path may lead through, as in Linux."""

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


class LayerTree:
    """The files that layers come to when they lie upon each other, lowest first."""

    def __init__(self, layers: Iterable[Path]) -> None:
        """Read layers: tars, compressed or not. Raises TargetError for what is none."""
        self._links: dict[str, str] = {}
        self._names: set[str] = set()
        self._bytes: dict[str, bytes] = {}
        for layer in layers:
            try:
                with tarfile.open(layer, "r|*") as tar:
                    self._lay(tar)
            except (tarfile.TarError, EOFError, OSError) as error:
                raise TargetError(
                    Problem(
                        summary="a layer of the base image is no tar that can be read here",
                        hint="push the base again with layers of gzip, which engines read too",
                    )
                ) from error

    def real(self, path: str) -> str:
        """Return where a path leads, all links followed; empty if nothing is there."""
        left = [part for part in reversed(path.split("/")) if part]
        at, followed = "", 0
        while left:
            here = normpath(join("/", at, left.pop())).strip("/")
            link = self._links.get(here)
            if link is None:
                at = here
                continue
            followed += 1
            if followed > MOST_LINKS:
                return ""
            at = "" if link.startswith("/") else at
            left += [part for part in reversed(link.split("/")) if part]
        return f"/{at}" if at in self._names else ""

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, if it is among those that are kept."""
        return self._bytes.get(path.strip("/"), b"")

    def _lay(self, tar: tarfile.TarFile) -> None:
        gone: list[str] = []
        fresh: dict[str, tarfile.TarInfo] = {}
        data: dict[str, bytes] = {}
        for member in tar:
            name = normpath(member.name).strip("/")
            folder, _, last = name.rpartition("/")
            if last == _OPAQUE:
                gone.append(f"{folder}/")
            elif last.startswith(_WHITEOUT):
                gone.append(f"{folder}/{last.removeprefix(_WHITEOUT)}".strip("/"))
            else:
                fresh[name] = member
                if member.isreg() and KEPT.search(name):
                    file = tar.extractfile(member)
                    data[name] = file.read() if file else b""
        self._remove(gone)
        for name, member in fresh.items():
            self._links.pop(name, None)
            self._names.add(name)
            if member.issym():
                self._links[name] = member.linkname
            elif member.islnk():
                self._links[name] = "/" + member.linkname.strip("/")
        self._bytes.update(data)

    def _remove(self, gone: list[str]) -> None:
        """Forget what a layer takes away: a name, or with `/` at its end all below it."""
        for path in gone:
            below = path if path.endswith("/") else f"{path}/"
            names = {name for name in self._names if name == path or name.startswith(below)}
            self._names -= names
            for name in names:
                self._links.pop(name, None)

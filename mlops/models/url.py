"""Models behind a web address, pinned by their digest. Fetches nothing before an apply."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from mlops.artefacts import Content, FileEntry
from mlops.clients.text import address_shown
from mlops.errors import Problem, SpecError
from mlops.hashing import cache_folder, content
from mlops.settings import Setting

ADDRESS = r"^https?://[^\s/?#@]+/[^\s?#]*[^\s/?#](\?[^\s#]*)?$"
SHA256 = r"^[0-9a-fA-F]{64}$"

KEPT = 24 * 3600.0
"""Seconds that a fetched file is kept: it is in the store by then."""


class Settings(Struct, frozen=True, kw_only=True):
    """Where the model lies, and what it must be."""

    url: Annotated[
        str,
        Setting(
            "Address of the model's file, https or http. It names no user or password.",
            pattern=ADDRESS,
            hint="write the whole address of a file, as `https://models.example/model.onnx`",
        ),
    ]
    sha256: Annotated[
        str,
        Setting(
            "SHA-256 of that file, in hex: only these bytes are taken.",
            pattern=SHA256,
            hint="write the 64 hex digits that `sha256sum` prints for the file",
        ),
    ]


class UrlSource:
    """One file, called by the last part of its address."""

    Settings: ClassVar[type] = Settings

    def __init__(self, settings: Any, folder: Path) -> None:
        del folder
        self._url = settings.url
        self._sha256 = settings.sha256.lower()

    def pin(self) -> Content:
        """Return what the model is made of, as the file says. Its size is not known yet."""
        name = unquote(urlsplit(self._url).path.rpartition("/")[2])
        if name in ("", ".", "..") or "/" in name or not name.isprintable():
            raise SpecError(
                Problem(
                    summary=f"the address `{address_shown(self._url)}` ends in no name of a file",
                    hint="write the whole address of a file",
                )
            )
        return content([FileEntry(path=name, size=0, digest=self._sha256)])

    def open(self, path: str) -> Path:
        """Return the file, fetched and checked. Raises TargetError."""
        from mlops.clients.download import download  # noqa: PLC0415  few files have such a model

        del path  # there is only one
        folder = cache_folder() / "downloads"
        _sweep(folder)
        file: Path = folder / self._sha256
        download(self._url, self._sha256, file)
        file.touch()
        return file


def _sweep(folder: Path) -> None:
    """Remove what was fetched, or given up, long ago."""
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - KEPT:
                path.unlink()

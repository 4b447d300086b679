"""Models that lie beside the file: a file or a folder. Never writes."""

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import Struct

from mlops.artefacts import Content
from mlops.bounds import model_bounds
from mlops.errors import Problem, SpecError
from mlops.hashing import HashCache, content_of
from mlops.settings import Setting


class Settings(Struct, frozen=True, kw_only=True):
    """Where the model lies."""

    path: Annotated[str, Setting("File or folder of the model, relative to the file.", path=True)]


class PathSource:
    """A file or a folder; its files are named from its own name on, as v1 registered them."""

    Settings: ClassVar[type] = Settings

    def __init__(self, settings: Any, folder: Path) -> None:
        self._written = settings.path
        self._path = Path(os.path.normpath(folder / settings.path))
        self._pinned: Content | None = None

    def pin(self) -> Content:
        """Return what the model is made of. Raises SpecError if it is missing or empty.

        It is looked at once a run: whoever reads its bytes checks them against what is said here.
        """
        self._pinned = self._pinned or self._read()
        return self._pinned

    def _read(self) -> Content:
        if not self._path.exists():
            raise SpecError(
                Problem(
                    summary=f"the model's path `{self._written}` does not exist",
                    hint="make the model first, or correct `path`: it is relative to the file",
                )
            )
        cache = HashCache.open()
        content = content_of(self._path, cache=cache, prefix=self._path.name, bounds=model_bounds())
        cache.save()
        if not content.files:
            raise SpecError(
                Problem(
                    summary=f"the model's folder `{self._written}` holds no file",
                    hint="make the model first, or correct `path`",
                )
            )
        return content

    def open(self, path: str) -> Path:
        """Return the file that the content calls `path`."""
        return self._path.parent / path

"""What a place of secrets is asked for, and what it gives."""

from pathlib import Path
from typing import Protocol

from msgspec import Struct


class Secret(Struct, frozen=True, kw_only=True):
    """A secret that was read. `version` is what its vault calls this value; empty elsewhere."""

    value: str
    version: str = ""

    def __repr__(self) -> str:
        return f"Secret(version={self.version!r})"


class SecretPlace(Protocol):
    """A place where secrets live: a row of the table of secrets."""

    def __init__(self, folder: Path) -> None:
        """Make the place; relative paths start at `folder`."""

    def read(self, path: str) -> Secret:
        """Return a secret: `path` is its reference without the word of the place.

        Raises TargetError, whose text holds no value.
        """

"""What is served, by what is in it: contents, versions of models. Plain data, with one sum."""

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from mlops.plain import NOTHING
from mlops.spec import Framework, Inference, Json

NO_BYTES = hashlib.sha256(b"").hexdigest()
"""The digest of the only file whose size is 0."""


class FileEntry(Struct, frozen=True, kw_only=True):
    """One file of a content. `path` is relative, with `/`; `digest` is sha256 in hex."""

    path: str
    size: int
    digest: str

    @property
    def unsized(self) -> bool:
        """Whether only the digest is known, as of a file that was not fetched yet."""
        return self.size == 0 and self.digest != NO_BYTES


class Content(Struct, frozen=True, kw_only=True):
    """A file or a folder, named by what is in it. `digest` is `sha256:…` over the sorted files."""

    digest: str
    files: tuple[FileEntry, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)


class ModelVersion(Struct, frozen=True, kw_only=True):
    """A registered version of a model, counted from 1. An alias names one of them at a time."""

    name: str
    version: int
    content: Content
    framework: Framework | None = None
    tags: Mapping[str, str] = NOTHING
    properties: Mapping[str, str] = NOTHING
    description: str = ""
    lineage: Mapping[str, Json] = NOTHING
    created: str = ""
    aliases: tuple[str, ...] = ()


class PinnedModel(Struct, frozen=True, kw_only=True):
    """A model that a deployment serves: the content is certain, the number is predicted."""

    name: str
    version: int
    content: Content


class Pins(Struct, frozen=True, kw_only=True):
    """What a deployment serves, by content; the generations of its keys, and what is locked."""

    models: tuple[PinnedModel, ...]
    code: Content
    inference: Inference
    generations: Mapping[str, int] = NOTHING
    locks: Mapping[str, str] = NOTHING

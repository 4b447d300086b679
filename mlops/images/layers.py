"""Layers as tars of ours: the same files give the same bytes on any machine and at any time."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Protocol, overload

from msgspec import Struct

from mlops.digesting import BUFFER, Digesting
from mlops.errors import Problem, StaleError
from mlops.hashing import cache_folder, digest_json
from mlops.images.tar import END, Type, header, padding
from mlops.values import Progress

TAR = 1
"""Raised when the same files shall make other bytes: the diff ids known before are then void."""


def layer_folder() -> Path:
    """Return where this machine keeps layers of bases."""
    return cache_folder() / "layers"


def layer_file(digest: str) -> Path:
    """Return where this machine keeps a layer of a base, or its description, by its digest."""
    return layer_folder() / digest.removeprefix("sha256:")


class Kind(Enum):
    """What a layer holds. Layers lie upon each other in this order."""

    BASE = "base"
    CONDA = "conda"
    ENVIRONMENT = "environment"
    FRONT = "python"
    SERVER = "server"
    CODE = "code"
    MODEL = "model"


class Member(Struct, frozen=True, kw_only=True):
    """A file, link or folder of a layer. `path` is relative to the root of the image, with `/`.

    `source` is a file on this machine, or the bytes themselves; None for a link (`link` is where
    it leads) and for a folder. `digest` (hex) is that of the bytes, which have `size`; it may be
    empty only where something else tells what the bytes are.
    """

    path: str
    size: int = 0
    digest: str = ""
    source: Path | bytes | None = None
    link: str = ""
    executable: bool = False
    everybody: bool = False
    """Tells of a folder that all may write to."""


class Later(Sequence[Member]):
    """Members that are found when they are asked for, since that takes a while."""

    def __init__(self, find: Callable[[], Iterator[Progress | Member]]) -> None:
        """Find members by `find`, which tells of its progress on the way."""
        self._find = find
        self._found: tuple[Member, ...] | None = None

    def prepare(self) -> Iterator[Progress]:
        """Find the members, once."""
        if self._found is None:
            found: list[Member] = []
            for step in self._find():
                if isinstance(step, Member):
                    found.append(step)
                else:
                    yield step
            self._found = tuple(found)

    def _all(self) -> tuple[Member, ...]:
        for _ in self.prepare():
            pass
        return self._found or ()

    @overload
    def __getitem__(self, index: int) -> Member: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Member]: ...
    def __getitem__(self, index: int | slice) -> Member | Sequence[Member]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())


class Draft(Struct, frozen=True, kw_only=True):
    """A layer that is still to be written. `prefix` is the folder that all of it lies in."""

    kind: Kind
    prefix: str
    members: Sequence[Member]
    known: str = ""
    """What tells the members without looking at them, where something does: a locked list."""

    @property
    def key(self) -> str:
        """What the bytes of the layer depend on: an equal key means an equal layer."""
        if self.known:
            return digest_json([TAR, self.prefix, self.known])
        return digest_json(
            [TAR, self.prefix]
            + [
                [one.path, one.digest, one.link, one.executable, one.everybody]
                for one in self.members
            ]
        )

    def prepare(self) -> Iterator[Progress]:
        """Fetch what the members are read from; what is only looked up by its key needs none."""
        if isinstance(self.members, Later):
            yield from self.members.prepare()

    @property
    def size(self) -> int:
        """How many bytes the tar has, known before it is written."""
        return Tar(self).size


class Layer(Struct, frozen=True, kw_only=True):
    """A layer that was written, or whose bytes are known: `diff_id` is `sha256:…` of the tar."""

    kind: Kind
    diff_id: str
    size: int


class Writer(Protocol):
    """Whatever takes bytes: a file, a hash, an upload."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes."""


def write(draft: Draft, out: Writer) -> Layer:
    """Write a layer, hashing on the way. Raises StaleError if a file is not what was planned."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks(draft):
        digest.update(chunk)
        size += len(chunk)
        out.write(chunk)
    return Layer(kind=draft.kind, diff_id=f"sha256:{digest.hexdigest()}", size=size)


def chunks(draft: Draft, start: int = 0) -> Iterator[bytes]:
    """Yield the bytes of the tar from `start` on; files before it are not read."""
    return Tar(draft).chunks(start)


class Tar:
    """The tar of a draft, whose headers are made once."""

    def __init__(self, draft: Draft) -> None:
        self._members = [(_header(member), member) for member in _ordered(draft)]
        sizes = (len(head) + one.size + padding(one.size) for head, one in self._members)
        self.size = sum(sizes) + len(END)

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from `start` on; files before it are not read."""
        return _gathered(self._parts(start))

    def _parts(self, start: int) -> Iterator[bytes]:
        at = 0
        for head, member in self._members:
            yield from _from(head, start - at)
            at += len(head)
            if at + member.size > start or not member.size:
                yield from _data(member, max(0, start - at))
            at += member.size
            zeros = bytes(padding(member.size))
            yield from _from(zeros, start - at)
            at += len(zeros)
        yield from _from(END, start - at)


def _gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in larger pieces: a call each for thousands of files is slow."""
    gathered = bytearray()
    for part in parts:
        if len(gathered) + len(part) > BUFFER:
            if gathered:
                yield bytes(gathered)
            gathered.clear()
        if len(part) == BUFFER:
            yield part
        else:
            gathered += part
    if gathered:
        yield bytes(gathered)


def ordered(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Return layers as they lie upon each other; those of one kind keep their order."""
    kinds = list(Kind)
    return tuple(sorted(layers, key=lambda layer: kinds.index(layer.kind)))


def _from(data: bytes, start: int) -> Iterator[bytes]:
    rest = data[max(0, start) :]
    if rest:
        yield rest


def _data(member: Member, start: int) -> Iterator[bytes]:
    """Yield the bytes of a file from `start` on; the whole is checked against its digest."""
    if isinstance(member.source, bytes):
        yield from _from(member.source, start)
        return
    if member.source is None:
        return
    left, checked = member.size - start, bool(member.digest) and not start
    with closing(Digesting()) as digesting, member.source.open("rb", buffering=0) as file:
        file.seek(start)
        while left and (chunk := file.read(min(BUFFER, left))):
            if checked:
                digesting.update(chunk)
            left -= len(chunk)
            yield chunk
    if left or (checked and digesting.hexdigest() != member.digest):
        raise StaleError(
            Problem(
                summary=f"`{member.source}` is not what it was when it was planned",
                hint="plan again",
            )
        )


def _ordered(draft: Draft) -> Sequence[Member]:
    """Return the members sorted, with each folder from the prefix down before what is in it."""
    known = {member.path: member for member in draft.members}
    for path in tuple(known):
        parts = path.split("/")
        for depth in range(draft.prefix.count("/") + 1, len(parts)):
            folder = "/".join(parts[:depth])
            known.setdefault(folder, Member(path=folder))
    return [known[path] for path in sorted(known)]


def _header(member: Member) -> bytes:
    if member.link:
        return header(member.path, Type.LINK, mode=0o777, link=member.link)
    if member.source is None:
        return header(member.path, Type.FOLDER, mode=0o1777 if member.everybody else 0o755)
    mode = 0o755 if member.executable else 0o644
    return header(member.path, Type.FILE, mode=mode, size=member.size)

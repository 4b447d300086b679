"""Loads an image into an engine of this machine, beside its way into a repository.

An engine that pulls would wait for the repository, and read from there what lies here.
"""

import tarfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Event, Thread

from msgspec import Struct, field
from msgspec.structs import replace

from mlops.clients.docker.engine import Engine
from mlops.clients.oci.manifest import manifest_of
from mlops.clients.oci.reference import Reference, reference
from mlops.clients.oci.upload import Blob
from mlops.digesting import Digesting
from mlops.errors import MlopsError, Problem, StoppedError
from mlops.hashing import digest_bytes
from mlops.images.inputs import ImageInputs
from mlops.images.registry import RegistryBuilder
from mlops.plain import canonical
from mlops.protocols import Means

_BLOCK = 512


class Stream:
    """What an image is made into, as a repository is: an archive without what the engine has.

    Whatever was made before counts as had. An engine that has it not refuses the archive.
    """

    verb = "loading"
    shared = False

    def __init__(self, place: Reference) -> None:
        self.place = place
        self.image = ""
        self._names: dict[str, str] = {}
        self._out: list[bytes] = []

    def held(self, digests: Sequence[str]) -> Collection[str]:
        """Tell that every blob is there."""
        return digests

    def upload(self, blob: Blob, mount: str = "") -> Iterator[int | str]:  # noqa: ARG002  as above
        """Put a blob into the archive; yield the bytes so far, at last the digest."""
        name, done = str(len(self._names)), 0
        self._out.append(_header(name, blob.size))
        with closing(Digesting()) as digesting:
            for chunk in blob.chunks(0):
                digesting.update(chunk)
                self._out.append(chunk)
                done += len(chunk)
                yield done
        self._out.append(bytes(-done % _BLOCK))
        digest = f"sha256:{digesting.hexdigest()}"
        self._names[digest] = name
        yield digest

    def put_manifest(self, pointer: str, body: bytes) -> str:  # noqa: ARG002  it is named at the end
        """Say what the archive holds; return the digest of the manifest."""
        found = manifest_of(body, self.place.name)
        self.image = found.config.digest
        layers = [self._names.get(layer.digest, "had") for layer in found.layers]
        told = canonical([{"Config": self._names[self.image], "RepoTags": [], "Layers": layers}])
        end = bytes(-len(told) % _BLOCK) + bytes(2 * _BLOCK)
        self._out.append(_header("manifest.json", len(told)) + told + end)
        return digest_bytes(body)

    def taken(self) -> list[bytes]:
        """Return what was put into the archive since."""
        out, self._out = self._out, []
        return out


class Loading(Struct, frozen=True, kw_only=True):
    """An image that is loaded in a thread of its own, from its begin to `end`."""

    engine: Engine
    registry: RegistryBuilder
    inputs: ImageInputs
    means: Means
    stream: Stream
    over: Event = field(default_factory=Event)
    failed: list[MlopsError] = field(default_factory=list)

    def begin(self) -> Thread:
        """Begin; what goes wrong is kept, for an engine can still pull."""
        thread = Thread(target=self._load, name="load", daemon=True)
        thread.start()
        return thread

    def _load(self) -> None:
        try:
            for _ in self.engine.images.load(self._archive()):
                pass
        except MlopsError as error:
            self.failed.append(error)

    def _archive(self) -> Iterator[bytes]:
        for _ in self.registry.made_in(self.stream, self.inputs, self.means):
            if self.over.is_set():
                raise StoppedError(Problem(summary="the image is not needed any more"))
            yield from self.stream.taken()
        yield from self.stream.taken()


@contextmanager
def loading(
    engine: Engine, registry: RegistryBuilder, inputs: ImageInputs, means: Means
) -> Iterator[Callable[[], str]]:
    """Begin to load an image; give what waits for its end, and returns its id or nothing.

    Nothing is begun for an engine elsewhere, or one that has no image of the repository yet: it
    lacks most layers, and the way there may be long.
    """
    name = registry.repository
    if not (engine.wire.local and _known(engine, name)):
        yield str
        return
    one = Loading(
        engine=engine,
        registry=replace(registry, build=None),  # whoever makes it for the repository builds
        inputs=inputs,
        means=means,
        stream=Stream(reference(name)),
    )
    thread = one.begin()

    def ended() -> str:
        thread.join()
        return "" if one.failed else one.stream.image

    try:
        yield ended
    finally:
        one.over.set()
        thread.join()


def _known(engine: Engine, repository: str) -> bool:
    names = (str(tag) for one in engine.images.listed() for tag in one.get("RepoTags") or ())
    return any(name.startswith(f"{repository}:") for name in names)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)  # one block for any size

"""Makes images in a repository without a daemon: sends the layers it lacks, and a manifest.

The base's own layers are mounted, or copied from where it lives.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Protocol

from msgspec import Struct, field

from mlops.clients.oci.manifest import CONFIG, TAR, Descriptor, Manifest, manifest_bytes, read_json
from mlops.clients.oci.reference import Reference, reference
from mlops.clients.oci.registry import Repository
from mlops.clients.oci.session import Sessions
from mlops.clients.oci.upload import Blob, blob_of
from mlops.digesting import BUFFER
from mlops.errors import Problem, TargetError
from mlops.hashing import cache_folder, digest_bytes
from mlops.images.base import Base
from mlops.images.builder import Made
from mlops.images.inputs import ImageInputs, upon
from mlops.images.layers import Draft, Layer, Tar, layer_file
from mlops.images.looking import Below, Looking, fetched
from mlops.images.parts import configure, drafting
from mlops.images.resolution import Build, Resolution, resolution
from mlops.plain import canonical
from mlops.protocols import Means
from mlops.values import Progress
from mlops.writing import alone


class RegistryBuilder(Struct, frozen=True, kw_only=True):
    """Makes images named `<repository>:<tag of the inputs>`.

    `sessions` are those with its registry, and with that of the base.
    """

    repository: str
    sessions: Sessions = field(default_factory=Sessions)
    near: Callable[[str], Below | None] = lambda _: None
    """Finds a base by its name where no registry has it."""
    build: Build | None = None
    """Builds packages from source, where there is an engine."""

    def find(self, inputs: ImageInputs) -> str | None:
        """Return the reference of the image if the repository has it. Changes nothing."""
        place = self._opened(reference(self.repository))
        digest = place.digest(inputs.tag)
        return f"{place.place.name}@{digest}" if digest else None

    def make(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Made]:
        """Make the image, unless it exists; ends in Made. Raises TargetError."""
        found = self.find(inputs)
        if found is not None:
            yield Made(reference=found)
            return
        yield from self.made_in(self._opened(reference(self.repository)), inputs, means)

    def made_in(self, goal: "Goal", inputs: ImageInputs, means: Means) -> Iterator[Progress | Made]:
        """Make the image in a goal that lacks it; ends in Made. Raises TargetError."""
        name = upon(inputs, self.repository).base
        base = self.near(name)
        if base is None and inputs.needs_engine:
            raise _needs_engine(inputs.needs_engine)
        base = base or self._opened(reference(name))
        yield from _Making(inputs=inputs, means=means, goal=goal, base=base, build=self.build).run()

    def look(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Base]:
        """Find the base of an image in its registry, and what it offers; ends in it."""
        base = self._below(inputs.base)
        yield from Looking(inputs=inputs, means=means, base=base).run()

    def _below(self, name: str) -> Below:
        return self.near(name) or self._opened(reference(name))

    def _opened(self, place: Reference) -> Repository:
        return Repository(place, session=self.sessions.at(place))


class Goal(Protocol):
    """Where an image is made: a repository, or whatever takes blobs as one does."""

    place: Reference
    verb: str
    """What is done with bytes that are sent there."""
    shared: bool
    """Whether other images are made there at the same time."""

    def held(self, digests: Sequence[str]) -> Collection[str]:
        """Return which of some blobs are there."""

    def upload(self, blob: Blob, mount: str = "") -> Iterator[int | str]:
        """Take a blob; yield the bytes so far, at last the digest."""

    def put_manifest(self, pointer: str, body: bytes) -> str:
        """Put the manifest under a tag; return its digest."""


class _Making(Struct, frozen=True, kw_only=True):
    """One image that is being made in `goal`, upon what lies in `base`."""

    inputs: ImageInputs
    means: Means
    goal: Goal
    base: Below
    build: Build | None = None

    def run(self) -> Iterator[Progress | Made]:
        resolved: Resolution | None = None
        looking = Looking(inputs=self.inputs, means=self.means, base=self.base)
        for step in resolution(self.inputs, looking.run, self.means, self.build):
            if isinstance(step, Resolution):
                resolved = step
            else:
                yield step
        assert resolved is not None  # noqa: S101  it ends in one, or raises
        below = looking.manifest(resolved.base.digest)
        drafts = [(draft.key, draft) for draft in drafting(self.inputs, resolved, self.means)]
        known = {key: layer for key, draft in drafts if (layer := self._known(key, draft))}
        below_ours = [blob.digest for blob in below.layers]
        held = self.goal.held([*(layer.diff_id for layer in known.values()), *below_ours])
        there = {key: layer for key, layer in known.items() if layer.diff_id in held}
        layers, new = list[Layer](), 0
        for key, draft in drafts:
            layer, made = (there[key], 0) if key in there else (yield from self._layer(key, draft))
            layers.append(layer)
            new += made
        for blob in below.layers:
            if blob.digest not in held:
                yield from self._copied(blob)
        digest = yield from self._finished(below, layers)
        yield Made(reference=f"{self.goal.place.name}@{digest}", new=new)

    def _layer(self, key: str, draft: Draft) -> Generator[Progress, None, tuple[Layer, int]]:
        """Return a layer that the repository lacked, and whether it had to be sent: 0 or 1.

        Of several images that lack it, one sends it; the others wait, and find it there.
        """
        with _turn(self.goal, key):
            known = self._known(key, draft) if self.goal.shared else None
            if known is not None and self.goal.held([known.diff_id]):
                return known, 0
            return (yield from self._made(key, draft)), 1

    def _known(self, key: str, draft: Draft) -> Layer | None:
        """Return a layer whose bytes are known, since somebody made it before."""
        told: Mapping[str, Any] | None = self.means.recall(_record(key))
        if told is None:
            return None
        return Layer(kind=draft.kind, diff_id=told["diff_id"], size=told["size"])

    def _made(self, key: str, draft: Draft) -> Generator[Progress, None, Layer]:
        yield from draft.prepare()
        tar = Tar(draft)
        blob = Blob(size=tar.size, chunks=tar.chunks)
        digest = yield from self._sent(blob, f"{draft.kind.value} layer")
        layer = Layer(kind=draft.kind, diff_id=digest, size=blob.size)
        self.means.keep(_record(key), {"diff_id": layer.diff_id, "size": layer.size})
        return layer

    def _copied(self, blob: Descriptor) -> Iterator[Progress]:
        """Give the repository a layer of the base, unless somebody else does."""
        near = self.base.place.server == self.goal.place.server
        mount = self.base.place.repository if near else ""
        with _turn(self.goal, blob.digest):
            if self.goal.held([blob.digest]):
                return
            if not mount:
                yield from fetched(self.base, blob)
            wanted = Blob(size=blob.size, chunks=partial(self._chunks, blob), digest=blob.digest)
            yield from self._sent(wanted, "base layer", mount)

    def _chunks(self, blob: Descriptor, start: int) -> Iterator[bytes]:
        """Yield the bytes of a layer of the base: fetched now where a mount was refused."""
        for _ in fetched(self.base, blob):
            pass
        with layer_file(blob.digest).open("rb") as file:
            file.seek(start)
            while chunk := file.read(BUFFER):
                yield chunk

    def _sent(self, blob: Blob, what: str, mount: str = "") -> Generator[Progress, None, str]:
        digest = blob.digest
        self.means.lease.check()
        for step in self.goal.upload(blob, mount):
            if isinstance(step, str):
                digest = step
            else:
                self.means.lease.check()
                yield Progress(text=f"{self.goal.verb} the {what}", done=step, total=blob.size)
        return digest

    def _finished(self, below: Manifest, layers: Sequence[Layer]) -> Generator[Progress, None, str]:
        """Put the configuration and the manifest; return the digest of the image."""
        config = read_json(self.base.read(below.config), self.inputs.base)
        blob = blob_of(canonical(image_config(config, self.inputs, layers)))
        yield from self._sent(blob, "configuration")
        described = Descriptor(media_type=CONFIG, digest=blob.digest, size=blob.size)
        ours = [
            Descriptor(media_type=TAR, digest=layer.diff_id, size=layer.size) for layer in layers
        ]
        self.means.lease.check()
        return self.goal.put_manifest(
            self.inputs.tag, manifest_bytes(described, [*below.layers, *ours])
        )


def _record(key: str) -> str:
    """Return where it is told what the layer of a key came to."""
    return f"layers/{key.removeprefix('sha256:')}.json"


def _turn(goal: Goal, key: str) -> AbstractContextManager[None]:
    """Let one image at a time send to a goal what `key` names, of those made on this machine."""
    name = digest_bytes(f"{goal.place.name} {key}".encode()).removeprefix("sha256:")
    return alone(cache_folder() / "turns" / name[:2]) if goal.shared else nullcontext()


def image_config(
    base: Mapping[str, Any], inputs: ImageInputs, layers: Sequence[Layer]
) -> dict[str, Any]:
    """Return the configuration of an image upon that of its base. Pure."""
    created = base.get("created") or "1970-01-01T00:00:00Z"
    kept = {
        key: base[key] for key in ("architecture", "os", "variant", "os.version") if key in base
    }
    history = [{"created": created, "created_by": f"mlops {layer.kind.value}"} for layer in layers]
    return {
        **kept,
        "created": created,
        "config": configure(base.get("config") or {}, inputs),
        "rootfs": {
            "type": "layers",
            "diff_ids": [*base["rootfs"]["diff_ids"], *(layer.diff_id for layer in layers)],
        },
        "history": [*(base.get("history") or ()), *history],
    }


def _needs_engine(why: str) -> TargetError:
    return TargetError(
        Problem(
            summary=f"this image needs an engine: {why}",
            hint="use a target with an engine, or put what they do into a `base_image`",
        )
    )

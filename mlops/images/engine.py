"""Makes images within an engine, sending it only the layers that it lacks. Needs no repository."""

import json
import tarfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, TypeAlias

from msgspec import Struct

from mlops.clients.docker.engine import Engine
from mlops.clients.oci.login import Login, docker_login
from mlops.digesting import Digesting
from mlops.errors import Problem, TargetError
from mlops.images.base import Base
from mlops.images.bases import EngineBases
from mlops.images.builder import Made
from mlops.images.genuine import genuine_id
from mlops.images.inputs import ImageInputs, upon
from mlops.images.layers import Draft, Layer, chunks
from mlops.images.parts import configure, drafting
from mlops.images.resolution import Resolution, resolution
from mlops.images.sources import Sources
from mlops.images.stepping import Stepping
from mlops.protocols import Means
from mlops.values import Progress

_BLOCK = 512

EPOCH = "1970-01-01T00:00:00Z"
"""When an image was made: always then, so that equal images have one id."""

LAYERS = "mlops.layers"
"""The label of an image that holds our layers, the lowest first: key and diff id of each."""

Known: TypeAlias = Mapping[tuple[str, ...], Mapping[str, str]]
"""Layers below -> key of a layer of ours -> its diff id, as an engine has them."""


class EngineBuilder(Struct, frozen=True, kw_only=True):
    """Makes images that bear the name `<repository>:<tag of the inputs>`."""

    engine: Engine
    repository: str
    login: Callable[[str], Login | None] = docker_login

    def find(self, inputs: ImageInputs) -> str | None:
        """Return the id of the image if the engine has it, and not just another of its name."""
        return genuine_id(self.engine, self._name(inputs), inputs.digest)

    def make(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Made]:
        """Make the image, unless it exists; ends in Made. Raises TargetError."""
        found = self.find(inputs)
        if found is not None:
            yield Made(reference=found)
            return
        yield from self._stepping.make(inputs, means)
        bases = self._bases(upon(inputs, self.repository), means)
        resolved: Resolution | None = None
        for step in resolution(inputs, bases.look, means, self._sources.build):
            if isinstance(step, Resolution):
                resolved = step
            else:
                yield step
        assert resolved is not None  # noqa: S101  it ends in one, or raises
        base = yield from bases.pinned(resolved.base.digest)
        drafts = list(drafting(inputs, resolved, means))
        new = yield from self._sent(base, drafts, inputs)
        made = self.find(inputs)
        if made is None:
            raise TargetError(Problem(summary=f"the engine did not keep `{self._name(inputs)}`"))
        yield Made(reference=made, new=new)

    def _sent(
        self, base: Mapping[str, Any], drafts: Sequence[Draft], inputs: ImageInputs
    ) -> Generator[Progress, None, int]:
        """Send the layers that the engine lacks; return how many these were.

        What it had may go at any time, with an image of somebody else's: then all are sent.
        """
        known: Known = self._known()
        while True:
            there, missing = split(base["RootFS"]["Layers"], drafts, known)
            for draft in missing:
                yield from draft.prepare()
            total = sum(draft.size for draft in missing)
            yield Progress(text=f"loading {len(missing)} of {len(drafts)} layers", total=total)
            thin = Thin(
                name=self._name(inputs), base=base, inputs=inputs, below=there, missing=missing
            )
            try:
                for _ in self.engine.images.load(thin.archive([draft.key for draft in drafts])):
                    pass
            except TargetError:
                if len(missing) == len(drafts):
                    raise
                known = {}
            else:
                return len(missing)

    def look(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Base]:
        """Find the base of an image in the engine, and what it offers; ends in it."""
        return self._bases(inputs, means).look()

    @property
    def _stepping(self) -> Stepping:
        return Stepping(engine=self.engine, repository=self.repository, login=self.login)

    def _bases(self, inputs: ImageInputs, means: Means) -> EngineBases:
        return EngineBases(
            engine=self.engine,
            inputs=inputs,
            means=means,
            bearer=self.repository,
            login=self.login,
        )

    @property
    def _sources(self) -> Sources:
        return Sources(engine=self.engine, repository=self.repository, login=self.login)

    def _known(self) -> Known:
        """Return what lies upon what in the images of ours that the engine has."""
        known: dict[tuple[str, ...], dict[str, str]] = {}
        for entry in self.engine.images.listed():
            told = dict(json.loads((entry.get("Labels") or {}).get(LAYERS, "[]")))
            if told:
                ids = tuple(self.engine.images.inspected(str(entry["Id"]))["RootFS"]["Layers"])
                for key, diff_id in told.items():
                    if diff_id in ids:
                        known.setdefault(ids[: ids.index(diff_id)], {})[key] = diff_id
        return known

    def _name(self, inputs: ImageInputs) -> str:
        return f"{self.repository}:{inputs.tag}"


def split(
    base: Sequence[str], drafts: Sequence[Draft], known: Known
) -> tuple[tuple[str, ...], tuple[Draft, ...]]:
    """Return the layers that the engine has, the base's included, and what is to be sent. Pure.

    An engine knows a layer by all that lies below it: above one that is new, all are.
    """
    there = tuple(base)
    for at, draft in enumerate(drafts):
        diff_id = known.get(there, {}).get(draft.key)
        if diff_id is None:
            return there, tuple(drafts[at:])
        there += (diff_id,)
    return there, ()


class Thin(Struct, frozen=True, kw_only=True):
    """An image as `docker load` takes it, without the layers that the engine has."""

    name: str
    base: Mapping[str, Any]
    inputs: ImageInputs
    below: Sequence[str]
    missing: Sequence[Draft]

    def archive(self, keys: Sequence[str]) -> Iterator[bytes]:
        """Yield the archive. Layers come first: what names them is known once they were read."""
        ids = list(self.below)
        for at, draft in enumerate(self.missing):
            yield _header(f"{at}.tar", draft.size)
            layer = yield from _written(draft)
            yield _padding(layer.size)
            ids.append(layer.diff_id)
        told = list(zip(keys, ids[len(ids) - len(keys) :], strict=True))
        config = json.dumps(self._configuration(ids, told), sort_keys=True).encode()
        files = [f"{at - len(self.below)}.tar" for at in range(len(ids))]
        manifest = [{"Config": "config.json", "RepoTags": [self.name], "Layers": files}]
        for name, data in (
            ("config.json", config),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            yield _header(name, len(data)) + data + _padding(len(data))
        yield bytes(2 * _BLOCK)

    def _configuration(self, ids: Sequence[str], told: Sequence[tuple[str, str]]) -> dict[str, Any]:
        config = configure(self.base["Config"] or {}, self.inputs)
        return {
            "architecture": self.base["Architecture"],
            "os": self.base["Os"],
            "created": EPOCH,
            "config": {**config, "Labels": {**config["Labels"], LAYERS: json.dumps(told)}},
            "rootfs": {"type": "layers", "diff_ids": list(ids)},
        }


def _written(draft: Draft) -> Generator[bytes, None, Layer]:
    """Yield the bytes of a layer; return what they came to."""
    size = 0
    with closing(Digesting()) as digesting:
        for chunk in chunks(draft):
            digesting.update(chunk)
            size += len(chunk)
            yield chunk
    return Layer(kind=draft.kind, diff_id=f"sha256:{digesting.hexdigest()}", size=size)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)

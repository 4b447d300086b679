"""Bases as an engine has them, by name or pulled; what one offers is read out of its files."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError, TakenError
from mlops.clients.oci.login import Login, docker_login
from mlops.errors import Problem, TargetError
from mlops.images.base import Base, facts, facts_of, facts_record
from mlops.images.inputs import ImageInputs
from mlops.images.pulling import pulled
from mlops.protocols import Means
from mlops.spec import Fields
from mlops.values import Progress

LOOKED = "mlops.looked-at-for"
"""The label of a container that is only looked into, and never started."""


class EngineBases(Struct, frozen=True, kw_only=True):
    """The base of one image. `bearer` is what a container that is looked into is made for."""

    engine: Engine
    inputs: ImageInputs
    means: Means
    bearer: str
    login: Callable[[str], Login | None] = docker_login

    def look(self) -> Iterator[Progress | Base]:
        """Find the base, and what it offers, which is read once for everybody."""
        base = yield from self.named()
        ident = str(base["Id"]).removeprefix("sha256:")
        path = f"bases/{ident}-{self.inputs.base_python}.json"
        record: Fields | None = self.means.recall(path)
        if record is None:
            yield Progress(text=f"looking into {self.inputs.base}")
            record = self.means.keep(path, self._facts(base))
        yield Base(digest=_digest(base), facts=facts_of(record))

    def named(self) -> Generator[Progress, None, Mapping[str, Any]]:
        """Return what the engine knows of the base, pulled if it lacks it. Raises TargetError."""
        base = yield from self._named(self.inputs.base)
        self._check_platform(base)
        return base

    def pinned(self, digest: str) -> Generator[Progress, None, Mapping[str, Any]]:
        """Return what the engine knows of the base with this digest. Raises TargetError."""
        for name in (self.inputs.base, digest):
            with suppress(MissingError):
                base = self.engine.images.inspected(name)
                if digest in _digests(base):
                    return base
        name = self.inputs.base.partition("@")[0]
        before, _, tag = name.rpartition(":")
        bare = before if before and "/" not in tag else name
        try:
            return (yield from self._named(f"{bare}@{digest}"))
        except TargetError as error:
            raise TargetError(
                Problem(
                    summary=f"the base image `{self.inputs.base}` is another one than when this"
                    f" image was first made ({digest[:19]})",
                    hint="bring that one back, or name this one by another tag or its digest",
                )
            ) from error

    def _named(self, name: str) -> Generator[Progress, None, Mapping[str, Any]]:
        words = {"what": "base image", "key": "base_image_registry"}
        return (yield from pulled(self.engine, name, self.login, **words))

    def _check_platform(self, base: Mapping[str, Any]) -> None:
        found = f"{base['Os']}/{base['Architecture']}"
        if found != self.inputs.platform:
            raise TargetError(
                Problem(
                    summary=f"the base image `{self.inputs.base}` is for `{found}`,"
                    f" not for `{self.inputs.platform}`",
                    hint="choose a `base_image` for that platform",
                )
            )

    def _facts(self, base: Mapping[str, Any]) -> Fields:
        """Return what a base offers, as a container tells that is made of it and never started."""
        ident = str(base["Id"])
        name = f"mlops-look-{ident.removeprefix('sha256:')[:12]}-{self.means.lease.number}"
        body = {"Image": ident, "Cmd": ["true"], "Labels": {LOOKED: self.bearer}}
        with suppress(TakenError):
            self.engine.containers.create(name, body)
        try:
            tree = ContainerTree(self.engine, name)
            settings = base["Config"] or {}
            return facts_record(
                facts(tree, settings, self.inputs.base_python, self.inputs.platform)
            )
        finally:
            self.engine.containers.remove(name)


class ContainerTree:
    """The files of a container."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._engine = engine
        self._container = container

    def real(self, path: str) -> str:
        """Return where a path leads, all links followed; empty if nothing is there."""
        at = path
        for _ in range(2):  # the engine follows all links at once, to where nothing may be
            found = self._engine.files.stat(self._container, at)
            if found is None:
                return ""
            if not found.get("linkTarget"):
                return at
            at = str(found["linkTarget"])
        return ""

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return self._engine.files.read(self._container, path)


def _digest(base: Mapping[str, Any]) -> str:
    """Return what pins a base: its digest in a registry, else its id."""
    return _digests(base)[0]


def _digests(base: Mapping[str, Any]) -> list[str]:
    pulled = [str(one).partition("@")[2] for one in base.get("RepoDigests") or ()]
    return [*pulled, str(base["Id"])]

"""The images of an engine."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from mlops.clients.docker.wire import LONG, MissingError, TakenError, Wire, problems


class Images:
    """Lists, brings and removes images. `allowed` is asked before each change."""

    def __init__(self, wire: Wire, allowed: Callable[[], None]) -> None:
        self._wire = wire
        self._allowed = allowed

    def listed(self) -> list[dict[str, Any]]:
        """Return every image of the engine that has a name, in short."""
        return list(self._wire.ask(lambda api: api.images()))

    def ids(self) -> set[str]:
        """Return the id of every image of the engine, and of every step on the way to one."""
        return {str(one["Id"]) for one in self._wire.ask(lambda api: api.images(all=True))}

    def inspected(self, ref: str) -> Mapping[str, Any]:
        """Return everything about an image. Raises MissingError."""
        return dict(self._wire.ask(lambda api: api.inspect_image(ref)))

    def pull(self, ref: str, login: Mapping[str, str] | None = None) -> Iterator[Mapping[str, Any]]:
        """Bring an image from its registry, yielding what the engine says."""
        self._allowed()
        yield from problems(
            self._wire.stream(
                lambda api: api.pull(
                    ref, stream=True, decode=True, auth_config=dict(login) if login else None
                )
            )
        )

    def exported(self, ref: str) -> Iterator[bytes]:
        """Yield the archive of an image with all its layers. Raises MissingError."""
        yield from self._wire.stream(lambda api: api.get_image(ref))

    def load(self, archive: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
        """Take the layers that an archive brings, yielding what the engine says."""
        self._allowed()
        yield from problems(
            self._wire.stream(lambda api: api.load_image(archive, quiet=True), patience=LONG)
        )

    def built(
        self, archive: bytes, name: str, labels: Mapping[str, str]
    ) -> Iterator[Mapping[str, Any]]:
        """Build an image of a tar with a Dockerfile, yielding what the engine says.

        No password travels along, of any registry.
        """
        self._allowed()
        words = {"t": name, "labels": json.dumps(dict(labels))}
        yield from problems(self._wire.stream(lambda api: _built(api, archive, words)))

    def tag(self, ref: str, repository: str, tag: str) -> None:
        """Give an image one more name."""
        self._allowed()
        self._wire.ask(lambda api: api.tag(ref, repository, tag))

    def remove(self, ref: str) -> None:
        """Take a name away from an image, and the image if that was its last one.

        What a container uses stays.
        """
        self._allowed()
        with suppress(MissingError, TakenError):
            self._wire.ask(lambda api: api.remove_image(ref), patience=LONG)

    def remove_step(self, ref: str) -> None:
        """Remove an image that has no name, and none of those below it. What is in use stays."""
        self._allowed()
        with suppress(MissingError, TakenError):
            self._wire.ask(lambda api: api.remove_image(ref, noprune=True), patience=LONG)


def _built(api: Any, archive: bytes, words: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Send a build. The SDK's own method would send every password that `docker` keeps."""
    proxies = json.dumps(api._proxy_configs.get_environment())  # noqa: SLF001  as `docker` does
    answer = api._post(  # noqa: SLF001  as above
        api._url("/build"),  # noqa: SLF001  as above
        data=archive,
        # else a step that fails leaves a container
        params={**words, "buildargs": proxies, "rm": True, "forcerm": True},
        headers={"Content-Type": "application/tar"},
        stream=True,
    )
    api._raise_for_status(answer)  # noqa: SLF001  as above
    yield from api._stream_helper(answer, decode=True)  # noqa: SLF001  as above

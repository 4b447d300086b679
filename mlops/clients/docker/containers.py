"""The containers of an engine."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from mlops.clients.docker.wire import PATIENCE, MissingError, Wire

GRACE = 12
"""Seconds that a container gets to end by itself: the server's own grace, and a little more."""


class Containers:
    """Lists, makes and changes containers. `allowed` is asked before each change."""

    def __init__(self, wire: Wire, allowed: Callable[[], None]) -> None:
        self._wire = wire
        self._allowed = allowed

    def listed(self) -> list[dict[str, Any]]:
        """Return every container of the engine, in short."""
        return list(self._wire.ask(lambda api: api.containers(all=True)))

    def inspected(self, ref: str) -> Mapping[str, Any]:
        """Return everything about a container. Raises MissingError."""
        return dict(self._wire.ask(lambda api: api.inspect_container(ref)))

    def create(self, name: str, body: Mapping[str, Any], platform: str = "") -> str:
        """Make a container of a body as the engine's API has it; return its id."""
        self._allowed()
        made = self._wire.ask(
            lambda api: api.create_container_from_config(dict(body), name, platform or None)
        )
        return str(made["Id"])

    def start(self, ref: str) -> None:
        """Start a container; one that is paused goes on."""
        self._allowed()
        if self.inspected(ref)["State"].get("Paused"):
            self._wire.ask(lambda api: api.unpause(ref))
        self._wire.ask(lambda api: api.start(ref), patience=PATIENCE + GRACE)

    def stop(self, ref: str) -> None:
        """Stop a container, if it is there; ask it first, then kill it."""
        self._allowed()
        with suppress(MissingError):
            if self.inspected(ref)["State"].get("Paused"):  # it could not hear
                self._wire.ask(lambda api: api.unpause(ref))
            self._wire.ask(lambda api: api.stop(ref, timeout=GRACE), patience=PATIENCE + GRACE)

    def remove(self, ref: str) -> None:
        """Remove a container, if it is there, whatever it does, and its volumes without a name."""
        self._allowed()
        with suppress(MissingError):
            self._wire.ask(lambda api: api.remove_container(ref, v=True, force=True))

    def rename(self, ref: str, name: str) -> None:
        """Give a container another name."""
        self._allowed()
        self._wire.ask(lambda api: api.rename(ref, name))

    def update(self, ref: str, limits: Mapping[str, Any]) -> None:
        """Change the limits of a container as it runs, given as the engine's API has them."""
        self._allowed()
        self._wire.ask(lambda api: _updated(api, ref, limits))

    def lines(self, ref: str, *, follow: bool, count: int | str, since: float) -> Iterator[str]:
        """Yield the last lines that a container printed, then, if `follow`, each new one."""
        rest = b""
        for chunk in self._wire.stream(
            lambda api: api.logs(
                ref, stream=True, follow=follow, tail=count, since=since or None, timestamps=False
            )
        ):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line.rstrip(b"\r").decode(errors="replace") for line in whole)
        if rest:
            yield rest.decode(errors="replace")


def _updated(api: Any, ref: str, limits: Mapping[str, Any]) -> None:
    """Send what the SDK's own method has no words for: `NanoCpus` and `PidsLimit`."""
    address = api._url("/containers/{0}/update", ref)  # noqa: SLF001  as above
    answer = api._post_json(address, data=dict(limits))  # noqa: SLF001  as above
    api._raise_for_status(answer)  # noqa: SLF001  as above

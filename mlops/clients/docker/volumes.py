"""The volumes of an engine."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from mlops.clients.docker.wire import MissingError, TakenError, Wire


class Volumes:
    """Lists, makes and removes volumes. `allowed` is asked before each change."""

    def __init__(self, wire: Wire, allowed: Callable[[], None]) -> None:
        self._wire = wire
        self._allowed = allowed

    def listed(self, label: str) -> list[dict[str, Any]]:
        """Return every volume that bears a label."""
        found = self._wire.ask(lambda api: api.volumes(filters={"label": [label]}))
        return list(found.get("Volumes") or ())

    def create(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a volume; one of that name stays as it is."""
        self._allowed()
        self._wire.ask(lambda api: api.create_volume(name, labels=dict(labels)))

    def remove(self, name: str) -> None:
        """Remove a volume, if it is there; what a container mounts stays."""
        self._allowed()
        with suppress(MissingError, TakenError):
            self._wire.ask(lambda api: api.remove_volume(name))

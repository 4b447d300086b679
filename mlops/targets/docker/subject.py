"""One service of an engine that is about to change, and what it takes to change it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops.clients.docker.engine import Engine
from mlops.images import paths
from mlops.keys import key_generations
from mlops.protocols import Means
from mlops.targets.docker import container
from mlops.targets.docker.live import Entry, Snapshot, main_of, volume_of
from mlops.targets.docker.names import PASSING, SLOTS, container_name
from mlops.values import Desired, Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A service as it was listed. `engine` asks the lease before each change."""

    engine: Engine
    snapshot: Snapshot
    owner: Owner
    means: Means
    service: str

    @property
    def name(self) -> str:
        """The name of the container."""
        return container_name(self.owner.project, self.service)

    @property
    def main(self) -> Entry | None:
        """The container that serves, as the engine lists it."""
        return main_of(self.snapshot, self.owner.project, self.service)

    @property
    def free_volume(self) -> str:
        """The name of the volume that the container which serves does not use."""
        used = volume_of(self.main) if self.main else ""
        return next(self.name + slot for slot in SLOTS if self.name + slot != used)

    def lay(self, ref: str, wanted: Desired, settings: Mapping[str, Any] | None = None) -> None:
        """Put keys into the volume that a container mounts, and settings if they are given."""
        files = {} if settings is None else {"settings.json": _written(settings)}
        keys = {
            slot: self.means.key(wanted.address, slot, generation)
            for slot, generation in key_generations(wanted.fields).items()
        }
        if keys:
            files[container.KEYS] = _written(keys)
        links = {} if settings is None else {container.CODE: f"/{paths.CODE}"}
        if files:
            self.engine.files.put(ref, container.INSTANCE, container.archive(files, links))

    def sweep(self) -> None:
        """Remove what an apply that was cut short left of this service."""
        for ending in PASSING:
            self.engine.containers.remove(self.name + ending)
        used = volume_of(self.main) if self.main else ""
        known = {str(entry.get("Name")) for entry in self.snapshot.volumes}
        for slot in SLOTS:
            if self.name + slot != used and self.name + slot in known:
                self.engine.volumes.remove(self.name + slot)


def _written(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"

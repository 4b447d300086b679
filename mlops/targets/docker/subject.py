"""One service of an engine that is about to change, and what it takes to change it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mlops.clients.docker.engine import Engine
from mlops.plain import NOTHING
from mlops.protocols import Means
from mlops.targets.docker.laid import File, archive
from mlops.targets.docker.live import Entry, Snapshot, main_of, volume_of
from mlops.targets.docker.names import PASSING, SLOTS, container_name
from mlops.targets.docker.shape import Shape
from mlops.values import Owner


class Subject(Struct, frozen=True, kw_only=True):
    """A service as it was listed. `engine` asks the lease before each change.

    `settings` are those of the target.
    """

    engine: Engine
    snapshot: Snapshot
    owner: Owner
    means: Means
    settings: Any
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

    def lay(
        self,
        ref: str,
        kind: Shape,
        files: Mapping[str, File],
        links: Mapping[str, str] = NOTHING,
    ) -> None:
        """Put files into the volume that a container mounts."""
        if files:
            self.engine.files.put(ref, kind.folder, archive(files, links, kind.user))

    def sweep(self) -> None:
        """Remove what an apply that was cut short left of this service."""
        for ending in PASSING:
            self.engine.containers.remove(self.name + ending)
        used = volume_of(self.main) if self.main else ""
        known = {str(entry.get("Name")) for entry in self.snapshot.volumes}
        for slot in SLOTS:
            if self.name + slot != used and self.name + slot in known:
                self.engine.volumes.remove(self.name + slot)

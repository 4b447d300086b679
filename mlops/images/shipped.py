"""Makes images in a repository, from where an engine pulls them: other machines find them there."""

from collections.abc import Iterator
from dataclasses import dataclass

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError
from mlops.clients.oci.login import told
from mlops.clients.oci.reference import reference
from mlops.images.builder import Made
from mlops.images.inputs import ImageInputs
from mlops.images.parts import made_of
from mlops.images.registry import RegistryBuilder
from mlops.images.resolution import Base
from mlops.protocols import Means
from mlops.values import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedBuilder:
    """Makes images that bear the name `<repository>:<tag>` in the registry and in the engine."""

    engine: Engine
    registry: RegistryBuilder

    def find(self, inputs: ImageInputs) -> str | None:
        """Return the id of the image if the engine has it; the registry is not asked."""
        try:
            found = self.engine.images.inspected(self._name(inputs))
        except MissingError:
            return None
        labels = (found["Config"] or {}).get("Labels")
        return str(found["Id"]) if made_of(labels, inputs.digest) else None

    def look(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Base]:
        """Find the base of an image in its registry, and what it offers; ends in it."""
        return self.registry.look(inputs, means)

    def make(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Made]:
        """Make the image where it lacks: in the registry, then in the engine. Ends in Made."""
        found = self.find(inputs)
        if found is not None:
            yield Made(reference=found)
            return
        new = 0
        pinned = ""
        for step in self.registry.make(inputs, means):
            if isinstance(step, Made):
                pinned, new = step.reference, step.new
            else:
                yield step
        yield Progress(text=f"pulling {pinned.partition('@')[0]}")
        login = self.registry.login(reference(self.registry.repository).host)
        for _ in self.engine.images.pull(pinned, told(login)):
            pass
        self.engine.images.tag(pinned, self.registry.repository, inputs.tag)
        yield Made(reference=self.find(inputs) or pinned, new=new)

    def _name(self, inputs: ImageInputs) -> str:
        return f"{self.registry.repository}:{inputs.tag}"

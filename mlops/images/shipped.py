"""Makes images in a repository, where other machines find them, and in an engine.

The engine pulls, unless it is here and has most of it: then what is new is loaded meanwhile.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from mlops.clients.docker.engine import Engine
from mlops.clients.oci.login import told
from mlops.clients.oci.reference import reference
from mlops.images.base import Base
from mlops.images.builder import Made
from mlops.images.genuine import genuine_id
from mlops.images.inputs import ImageInputs
from mlops.images.loading import loading
from mlops.images.registry import RegistryBuilder
from mlops.images.stepping import Stepping
from mlops.protocols import Means
from mlops.values import Progress


class ShippedBuilder(Struct, frozen=True, kw_only=True):
    """Makes images that bear the name `<repository>:<tag>` in the registry and in the engine."""

    engine: Engine
    registry: RegistryBuilder

    def find(self, inputs: ImageInputs) -> str | None:
        """Return the id of the image if the engine has it; the registry is not asked."""
        return genuine_id(self.engine, self._name(inputs), inputs.digest)

    def look(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Base]:
        """Find the base of an image in its registry, and what it offers; ends in it."""
        return self.registry.look(inputs, means)

    def make(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Made]:
        """Make the image where it lacks: in the registry, then in the engine. Ends in Made."""
        found = self.find(inputs)
        if found is not None:
            yield Made(reference=found)
            return
        if self.registry.find(inputs) is None:
            yield from self._stepping.make(inputs, means)
            with loading(self.engine, self.registry, inputs, means) as loaded:
                yield from self._made(inputs, means, loaded)
        else:
            yield from self._made(inputs, means, str)

    def _made(
        self, inputs: ImageInputs, means: Means, loaded: Callable[[], str]
    ) -> Iterator[Progress | Made]:
        """Make the image in the registry; name what was `loaded` meanwhile, or pull it."""
        new, pinned = 0, ""
        for step in self.registry.make(inputs, means):
            if isinstance(step, Made):
                pinned, new = step.reference, step.new
            else:
                yield step
        yield Progress(text="loading it into the engine")
        image = loaded()
        if not image:
            yield Progress(text=f"pulling {pinned.partition('@')[0]}")
            login = self.registry.sessions.login(reference(self.registry.repository).host)
            for _ in self.engine.images.pull(pinned, told(login)):
                pass
        self.engine.images.tag(image or pinned, self.registry.repository, inputs.tag)
        yield Made(reference=self.find(inputs) or pinned, new=new)

    @property
    def _stepping(self) -> Stepping:
        registry = self.registry
        return Stepping(
            engine=self.engine, repository=registry.repository, login=registry.sessions.login
        )

    def _name(self, inputs: ImageInputs) -> str:
        return f"{self.registry.repository}:{inputs.tag}"

"""The things of an engine. What changes something asks first whether it may."""

from collections.abc import Callable

from msgspec import Struct

from mlops.clients.docker.containers import Containers
from mlops.clients.docker.files import Files
from mlops.clients.docker.images import Images
from mlops.clients.docker.volumes import Volumes
from mlops.clients.docker.wire import Wire


def _anything() -> None:
    """Allow it."""


class Engine(Struct, frozen=True, kw_only=True):
    """One engine. `allowed` raises when nothing may be changed any more."""

    wire: Wire
    allowed: Callable[[], None] = _anything

    @property
    def containers(self) -> Containers:
        """Its containers."""
        return Containers(self.wire, self.allowed)

    @property
    def files(self) -> Files:
        """The files of its containers."""
        return Files(self.wire, self.allowed)

    @property
    def images(self) -> Images:
        """Its images."""
        return Images(self.wire, self.allowed)

    @property
    def volumes(self) -> Volumes:
        """Its volumes."""
        return Volumes(self.wire, self.allowed)

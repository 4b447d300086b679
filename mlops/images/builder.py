"""What makes images, and what it makes: asked by the targets, which know no builder by name."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from msgspec import Struct

from mlops.images.base import Base
from mlops.images.inputs import ImageInputs
from mlops.protocols import Means
from mlops.spec import Fields
from mlops.values import Progress


class Made(Struct, frozen=True, kw_only=True):
    """An image that exists. `reference` is what a service runs: `repo@sha256:…`, or an image id.

    `new` counts the layers that had to be made for it; those that were there are not among them.
    """

    reference: str
    new: int = 0


class Builder(Protocol):
    """Makes the image of some inputs. Safe to be cut short and run again, and deterministic."""

    def look(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Base]:
        """Find the base of an image, and what it offers; ends in it. Raises TargetError."""

    def find(self, inputs: ImageInputs) -> str | None:
        """Return the reference of the image if it exists. Changes nothing."""

    def make(self, inputs: ImageInputs, means: Means) -> Iterator[Progress | Made]:
        """Make the image, unless it exists; ends in Made. Raises TargetError."""


@runtime_checkable
class HasBuilder(Protocol):
    """A target that makes images."""

    def builder(self, means: Means, base: Fields | None) -> Builder:
        """Return what makes them; `base` says who asks for the base image."""

"""What some places and means can do beyond what all can: asked for where it is needed."""

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol, SupportsInt, runtime_checkable

from mlops.values import Address


@runtime_checkable
class CountsCalls(Protocol):
    """A place that other machines are asked for, which knows how often they were."""

    @property
    def calls(self) -> SupportsInt:
        """The requests that were sent so far: a number, or what counts them."""


@runtime_checkable
class Wakes(Protocol):
    """A place that is asked with something that takes long to import."""

    def wake(self) -> None:
        """Import it. Asks nobody, and says nothing of what is missing."""


@runtime_checkable
class Reaches(Protocol):
    """A target that other machines are asked for: `hosts` are those, as `host` or `host:port`."""

    hosts: Collection[str]


@runtime_checkable
class HasLogs(Protocol):
    """A target that keeps what its services print."""

    def logs(self, address: Address, *, follow: bool, lines: int) -> Iterator[str]:
        """Yield the last `lines` lines, then, if `follow`, each new one as it comes."""


@runtime_checkable
class HasKeys(Protocol):
    """A target whose services let in who bears one of their keys."""

    def keys(self, address: Address) -> Mapping[str, str]:
        """Return the keys that a service takes, by their slots; nothing where it asks for none."""


@runtime_checkable
class CanStop(Protocol):
    """A target that can make a service let go of what it holds, without deleting it."""

    def stop(self, address: Address) -> None:
        """Stop a service; its next change starts it again."""


@runtime_checkable
class Masks(Protocol):
    """Means that know what must not be shown."""

    def masked(self, text: str) -> str:
        """Return `text`, which came from elsewhere, without the secrets that were asked for."""

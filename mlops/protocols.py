"""What the pipeline asks of the world: places, targets, model sources, means, views."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias

from mlops.spec import Deployment, Environment, Fields
from mlops.values import (
    Address,
    Change,
    Content,
    Desired,
    Health,
    Impact,
    ModelVersion,
    Observed,
    Owner,
    Pins,
    Progress,
)


class Means(Protocol):
    """What a place may use while it applies a change. The caller made sure that it is there."""

    @property
    def lineage(self) -> Fields:
        """Commit, branch, dirtiness, who, run URL: words for records."""

    def model_source(self, model: str, path: str) -> Path:
        """Return a local file with the bytes of the file `path` of a model of the spec."""

    def model_files(self, content: Content) -> Mapping[str, Path]:
        """Return where each file of a registered model lies on this machine, by its path."""

    def lock(self, environment: Environment) -> Path:
        """Return the locked list of packages (with hashes), resolving it once for everybody."""


class Place(Protocol):
    """Says what it has and makes one change at a time. Never compares, orders, prompts, prints."""

    impact: ClassVar[Mapping[str, Impact]]
    """First word of a field path -> what changing it costs."""

    downtime: ClassVar[Mapping[Impact, str]]
    """What each impact means here for those who call the service, in words."""

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        """Return what exists of `wanted`, and whatever else bears a mark. Changes nothing.

        The whole `Desired` is given, since a model is found by its content, not by its name.
        """

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        """Make one change; end in what was made (nothing after a delete). Safe to run again."""

    def health(self, address: Address) -> Health:
        """Return how a service stands now. Never waits; the caller polls."""


class Target(Place, Protocol):
    """A place that serves deployments: a row of the table of kinds."""

    Settings: ClassVar[type]
    ServiceSettings: ClassVar[type]

    def __init__(self, name: str, settings: Any, folder: Path, owner: Owner) -> None:
        """Make the target `name`; relative paths in `settings` start at `folder`."""

    def desire(self, deployment: Deployment, pins: Pins) -> tuple[Desired, ...]:
        """Return the things that serve a deployment, defaults filled in. Pure."""


class HasLogs(Protocol):
    """A target that keeps what its services print."""

    def logs(self, address: Address, *, follow: bool, lines: int) -> Iterator[str]:
        """Yield the last `lines` lines, then, if `follow`, each new one as it comes."""


class CanClear(Protocol):
    """A target with leftovers of its own, once every service is deleted."""

    def clear(self) -> None:
        """Remove what is left of the target: empty folders, caches. Never anything served."""


class ModelSource(Protocol):
    """A place where model files come from: a row of the table of sources."""

    Settings: ClassVar[type]

    def __init__(self, settings: Any, folder: Path) -> None:
        """Make the source; relative paths in `settings` start at `folder`."""

    def pin(self) -> Content:
        """Return what the model is made of, reading nothing twice. Raises SpecError."""

    def open(self, path: str) -> Path:
        """Return a local file that holds the bytes of the content's file `path`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The rows that a file may name: target kinds, and model sources by the key that picks them."""

    targets: Mapping[str, type[Target]]
    sources: Mapping[str, type[ModelSource]]


class ModelStore(Protocol):
    """Where model versions are registered. Reading it changes nothing."""

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        """Return every version of a model, oldest first; empty for an unknown name."""


Places: TypeAlias = Mapping[str, Place]
"""Place name (a target's, or `store`) -> place."""

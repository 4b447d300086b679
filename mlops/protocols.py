"""What the pipeline asks of the world: places, targets, sources, means, views, records."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from mlops.artefacts import Content, ModelVersion, Pins
from mlops.drifted import Drift
from mlops.errors import Problem
from mlops.events import Event, Report
from mlops.spec import Deployment, Environment, Fields, IgnoreRule, SecretRef
from mlops.values import (
    Address,
    Applied,
    Change,
    Desired,
    Health,
    Impact,
    Observed,
    Owner,
    Plan,
    Progress,
)

Row = TypeVar("Row")


class Lease(Protocol):
    """The right to change things, which may be lost while it is used.

    `number` is the fencing number of the lock, and the number of the revision.
    """

    @property
    def number(self) -> int:
        """The number of this grant of the lock; each one is higher than those before."""

    def check(self) -> None:
        """Raise LockedError if the right is lost. Called before each mutating call."""

    def revoke(self) -> None:
        """Give the right up for this process: every later check refuses."""


class Means(Protocol):
    """What a place may use while it applies a change. The caller made sure that it is there."""

    @property
    def lease(self) -> Lease:
        """The right to change things."""

    @property
    def lineage(self) -> Fields:
        """Commit, branch, dirtiness, who, run URL: words for records."""

    def healthy(self, address: Address) -> Desired | None:
        """Return what a service was when it was last ready and checked; None if it never was."""

    def model_source(self, model: str, path: str) -> Path:
        """Return a local file with the bytes of the file `path` of a model of the spec."""

    def registered(self, model: str, digest: str) -> ModelVersion:
        """Return the version that holds this content; its number is certain only now."""

    def model_files(self, content: Content) -> Mapping[str, Path]:
        """Return where each file of a registered model lies on this machine, by its path."""

    def code_files(self, content: Content, source: Path) -> Mapping[str, Path]:
        """Return local files with the code of a service or a package, kept in the store for good.

        What the store lacks is read from the folder `source`. Raises StaleError if that changed.
        """

    def lock(self, environment: Environment) -> Path:
        """Return the locked list of packages (with hashes), resolving it once for everybody."""

    def recall(self, path: str) -> Fields | None:
        """Return a record that somebody kept in the store; None if nobody did."""

    def keep(self, path: str, record: Fields) -> Fields:
        """Keep a record in the store for good; return what is there: the first writer wins."""

    def secret(self, ref: SecretRef) -> str:
        """Return the value of a secret, which appears from then on in nothing that is shown."""

    def key(self, address: Address, slot: str, generation: int) -> str:
        """Return a key of a service: the same one whoever asks, and whenever."""


class Place(Protocol):
    """Says what it has and makes one change at a time. Never compares, orders, prompts, prints."""

    impact: ClassVar[Mapping[str, Impact]]
    """A field path, or the first word of one -> what changing it costs."""

    downtime: ClassVar[Mapping[Impact, str]]
    """What each impact means here for those who call the service, in words.

    `{outage}` stands for how long a restart takes: as the last one did, if that is known.
    """

    settle: ClassVar[float]
    """Seconds after which what was made or deleted is surely seen; 0 if it is at once."""

    @property
    def identity(self) -> str:
        """The place itself, whatever the file calls it: a folder, a cluster and namespace."""

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        """Return what exists of `wanted`, and whatever else bears a mark. Changes nothing.

        The whole `Desired` is given, since a model is found by its content, not by its name.
        """

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        """Make one change; end in what was made (nothing after a delete). Safe to run again."""

    def health(self, address: Address) -> Health:
        """Return how a service stands now. Never waits; the caller polls."""


class Target(Place, Protocol):
    """A place that serves deployments: a row of the table of kinds.

    Two targets with the same `identity` are one place under two names.
    """

    Settings: ClassVar[type]
    ServiceSettings: ClassVar[type]

    def __init__(self, name: str, settings: Any, folder: Path, owner: Owner) -> None:
        """Make the target `name`; relative paths in `settings` start at `folder`."""

    def desire(self, deployment: Deployment, pins: Pins) -> tuple[Desired, ...]:
        """Return the things that serve a deployment, defaults filled in. Pure."""


class ModelSource(Protocol):
    """A place where model files come from: a row of the table of sources."""

    Settings: ClassVar[type]

    def __init__(self, settings: Any, folder: Path) -> None:
        """Make the source; relative paths in `settings` start at `folder`."""

    def pin(self) -> Content:
        """Return what the model is made of, reading nothing twice. Raises SpecError."""

    def open(self, path: str) -> Path:
        """Return a local file that holds the bytes of the content's file `path`."""


class Rows(Mapping[str, Row]):
    """A table whose rows are imported when they are asked for: most runs need one or two."""

    def __init__(self, **rows: Callable[[], Row]) -> None:
        self._rows = rows

    def __getitem__(self, key: str) -> Row:
        return self._rows[key]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Kinds(Struct, frozen=True, kw_only=True):
    """The rows that a file may name: target kinds, and model sources by the key that picks them."""

    targets: Mapping[str, type[Target]]
    sources: Mapping[str, type[ModelSource]]


class Secrets(Protocol):
    """Reads secrets, and tells of them only whether they are still what they were."""

    def identity(self, ref: SecretRef, known: str = "") -> str:
        """Return what tells a secret's value from others: `known`, if it was made of this value."""


class ModelStore(Protocol):
    """Where model versions are registered. Reading it changes nothing."""

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        """Return every version of a model, oldest first; empty for an unknown name."""

    def next_version(self, name: str) -> int:
        """Return the number that the next version of a model will most likely get."""


class View(Protocol):
    """A format. Every method returns whole lines, ready to be written. Never prints."""

    def problems(self, problems: Sequence[Problem]) -> str:
        """Show what is wrong."""

    def plan(
        self, plan: Plan, refused: Sequence[Problem] = (), warned: Sequence[Problem] = ()
    ) -> str:
        """Show what will happen, why it may not, and what the rules of the file warn of."""

    def drift(self, drift: Drift) -> str:
        """Show what somebody else did."""

    def event(self, event: Event) -> str:
        """Show one thing that apply says."""

    def report(self, report: Report) -> str:
        """Show what an apply came to."""

    def rows(self, rows: Sequence[Fields]) -> str:
        """Show things of one sort, a row each."""

    def record(self, record: Fields) -> str:
        """Show one thing in full."""


Places: TypeAlias = Mapping[str, Place]
"""Place name (a target's, or `store`) -> place."""


class Records(Protocol):
    """Remembers what was last applied, run by run. It explains; it never says what exists."""

    def read(self) -> Mapping[Address, Applied]:
        """Return the last record of each address that was not deleted since."""

    def begin(self, number: int, desired: Sequence[Desired], changes: Iterable[Change]) -> None:
        """Record what the run `number` sets out to make, before its first write."""

    def write(
        self, number: int, address: Address, fields: Fields | None, outage: float = 0.0
    ) -> None:
        """Record the fields that were applied, and what that cost; None after a delete."""

    def hold(self, address: Address, refused: Fields, why: str) -> None:
        """Record that an address went back from these fields, and why."""

    def desired(self, number: int) -> Mapping[Address, Desired]:
        """Return what the run `number` wanted; nothing if nobody knows any more."""

    def finish(self, number: int, outcome: Fields) -> None:
        """Record how the run ended; the addresses in `unfinished` it left in the middle."""

    def leave(self, number: int, places: Collection[str]) -> None:
        """Look no longer at places that the file has left, after the run `number`."""

    def open(self) -> bool:
        """Tell whether an earlier run was cut short, so that nobody said how it ended."""

    def unfinished(self) -> Collection[Address]:
        """Return what earlier runs left in the middle of a change."""


class World(Struct, frozen=True, kw_only=True):
    """The places of a run, and the records of the runs before.

    `left` names the places of earlier runs that the file has left. `secrets` is given to who
    applies alone: a plan reads none. `ignore` are the rules of the file; `today` is the day that
    they are in force or not, one for a whole run.
    """

    project: str
    store: str
    places: Places
    records: Records
    left: Collection[str] = ()
    secrets: Secrets | None = None
    ignore: tuple[IgnoreRule, ...] = ()
    today: str = ""

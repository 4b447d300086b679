"""The outside in memory: a target, the means, the records."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from msgspec.structs import replace

from mlops.artefacts import Content, ModelVersion, Pins
from mlops.claims import any_clash
from mlops.errors import CredentialsError, Problem, TargetError
from mlops.means import OwnLease
from mlops.plain import NOTHING, fingerprint
from mlops.protocols import Means
from mlops.spec import Deployment, Environment, Fields, SecretRef
from mlops.values import (
    Address,
    Applied,
    Change,
    Desired,
    Health,
    Impact,
    Observed,
    Owner,
    Progress,
)


class MemoryTarget:
    """A target whose world is a dictionary. `broken` names what cannot be changed.

    Unless somebody `knows` its password, it lets nobody look.
    """

    Settings: ClassVar[type] = dict
    ServiceSettings: ClassVar[type] = dict
    impact: ClassVar[Mapping[str, Impact]] = {"tags": Impact.METADATA, "region": Impact.REPLACE}
    downtime: ClassVar[Mapping[Impact, str]] = {Impact.RESTART: "a moment"}
    settle: ClassVar[float] = 0.0

    def __init__(self, name: str = "here", settings: Any = None, *_: Path | Owner) -> None:
        self.name = name
        self.settings = settings
        self.things: dict[Address, Observed] = {}
        self.broken: set[str] = set()
        self.calls: list[str] = []
        self.latency = 0.0
        self.knows = True

    @property
    def identity(self) -> str:
        return self.name

    def desire(self, deployment: Deployment, pins: Pins) -> tuple[Desired, ...]:
        fields = {f"models.{model.name}": model.content.digest for model in pins.models}
        address = Address(place=self.name, kind="service", name=deployment.name)
        return (Desired(address=address, fields=fields),)

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:  # noqa: ARG002  all is listed
        if not self.knows:
            raise CredentialsError(Problem(summary=f"`{self.name}` asks who it is", hint="log in"))
        return list(self.things.values())

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:  # noqa: ARG002  needs none
        self.calls.append(f"{change.action.value} {change.address}")
        if change.address.name in self.broken:
            raise TargetError(Problem(summary="the platform said no"))
        if change.after is None:
            del self.things[change.address]
            return
        yield Progress(text="making")
        self._check_claims(change.address, change.after)
        time.sleep(self.latency)
        made = Observed(
            address=change.address,
            fields=change.after.fields,
            identity=str(len(self.calls)),
            needs=change.after.needs,
            claims=tuple(change.after.claims),
            protect=change.after.protect,
        )
        self.things[change.address] = made
        yield made

    def stop(self, address: Address) -> None:
        self.calls.append(f"stop {address}")
        self.things[address] = replace(self.things[address], claims=())

    def _check_claims(self, address: Address, wanted: Desired) -> None:
        """Refuse what the platform would: a port that another one holds."""
        for other in tuple(self.things.values()):
            if other.address != address and any_clash(other.claims, wanted.claims):
                raise TargetError(Problem(summary=f"{other.address.name} holds the port"))

    def health(self, address: Address) -> Health:
        there = address in self.things
        return Health(ready=int(there), failed=int(not there), total=1)


class MemoryRecords:
    """Records in a dictionary."""

    def __init__(self) -> None:
        self.applied: dict[Address, Applied] = {}
        self.runs: dict[int, Mapping[Address, Desired]] = {}

    def read(self) -> Mapping[Address, Applied]:
        return dict(self.applied)

    def begin(self, number: int, desired: Sequence[Desired], changes: Iterable[Change]) -> None:  # noqa: ARG002  needs none
        self.runs[number] = {thing.address: thing for thing in desired}

    def write(
        self, number: int, address: Address, fields: Fields | None, outage: float = 0.0
    ) -> None:
        if fields is None:
            self.applied.pop(address, None)
            return
        hashes = {path: fingerprint(value) for path, value in fields.items()}
        self.applied[address] = Applied(
            address=address, hashes=hashes, revision=number, outage=outage
        )

    def hold(self, address: Address, refused: Fields, why: str) -> None:
        before = self.applied[address]
        self.applied[address] = replace(before, held=fingerprint(refused), why=why)

    def desired(self, number: int) -> Mapping[Address, Desired]:
        return self.runs.get(number, {})

    def finish(self, number: int, outcome: Fields) -> None:
        pass

    def leave(self, number: int, places: Collection[str]) -> None:
        pass

    def open(self) -> bool:
        return False

    def unfinished(self) -> Collection[Address]:
        return ()


class NoMeans:
    """Means that nobody may use, but for the lease and the past."""

    lineage: Fields = NOTHING

    def __init__(self, records: MemoryRecords | None = None, number: int = 1) -> None:
        self.lease = OwnLease(number)
        self._records = records or MemoryRecords()

    def healthy(self, address: Address) -> Desired | None:
        applied = self._records.read().get(address)
        return self._records.desired(applied.revision).get(address) if applied else None

    def code_files(self, content: Content, source: Path) -> Mapping[str, Path]:
        raise NotImplementedError

    def model_source(self, model: str, path: str) -> Path:
        raise NotImplementedError

    def registered(self, model: str, digest: str) -> ModelVersion:
        raise NotImplementedError

    def model_files(self, content: Content) -> Mapping[str, Path]:
        raise NotImplementedError

    def lock(self, environment: Environment) -> Path:
        raise NotImplementedError

    def recall(self, path: str) -> Fields | None:
        raise NotImplementedError

    def keep(self, path: str, record: Fields) -> Fields:
        raise NotImplementedError

    def secret(self, ref: SecretRef) -> str:
        raise NotImplementedError

    def key(self, address: Address, slot: str, generation: int) -> str:
        raise NotImplementedError

    def masked(self, text: str) -> str:
        return text

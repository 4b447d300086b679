"""A machine in memory that several targets share: strict about order, unkind by a script."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from fakes import NoMeans
from msgspec.structs import replace

from mlops.artefacts import Pins
from mlops.claims import any_clash
from mlops.errors import LockedError, Problem, TargetError
from mlops.plain import Frozen
from mlops.protocols import Means, Places
from mlops.spec import Deployment
from mlops.store.history import History
from mlops.values import Action, Address, Change, Desired, Health, Impact, Observed, Owner, Progress


class Fault(Enum):
    """How a call of a platform goes wrong."""

    REFUSED = "500, and nothing was done"
    LOST = "timed out after it was done"
    UNREADY = "the service never gets ready"


class Machine:
    """What exists, at all targets of one machine. Refuses whatever a real one would.

    `script` says how the n-th mutating call fails. A thing that was just made or deleted is
    listed as it was before for `lag` more looks.
    """

    def __init__(self) -> None:
        self.things: dict[Address, Observed] = {}
        self.unready: set[Address] = set()
        self.script: Mapping[int, Fault] = {}
        self.calls: list[str] = []
        self.numbers: list[int] = []
        self.elsewhere: set[str] = set()
        self.lag = 0
        self.writers: Counter[Address] = Counter()
        self.most = 0
        self.linger = 0.0
        self._stale: dict[Address, tuple[int, Observed | None]] = {}
        self._made = 0
        self._guard = threading.RLock()

    def listed(self, place: str) -> list[Observed]:
        """Return what a look at a place shows, which may be what was there a while ago."""
        with self._guard:
            seen = {each: thing for each, thing in self.things.items() if each.place == place}
            for address, (looks, before) in list(self._stale.items()):
                if address.place != place:
                    continue
                seen.pop(address, None)
                if before is not None:
                    seen[address] = before
                self._stale[address] = (looks - 1, before)
                if looks <= 1:
                    del self._stale[address]
            return list(seen.values())

    def write(self, change: Change, means: Means) -> None:
        """Make one change, or fail by the script, counting who writes at the same time."""
        address = change.address
        with self._guard:
            self.writers[address] += 1
            self.most = max(self.most, self.writers[address])
        try:
            if self.linger:
                threading.Event().wait(self.linger)
            with self._guard:
                means.lease.check()
                self._write(change, means)
        finally:
            with self._guard:
                self.writers[address] -= 1

    def _write(self, change: Change, means: Means) -> None:
        address = change.address
        fault = self.script.get(len(self.calls))
        self.calls.append(f"{change.action.value} {address}")
        self.numbers.append(means.lease.number)
        if fault is Fault.REFUSED:
            raise TargetError(Problem(summary=f"{address}: {fault.value}"))
        before = self.things.get(address)
        self._remove(address) if change.after is None else self._make(change.after)
        if self.lag:
            self._stale[address] = (self.lag, before)
        self.unready.discard(address)
        if fault is Fault.UNREADY:
            self.unready.add(address)
        if fault is Fault.LOST:
            raise TargetError(Problem(summary=f"{address}: {fault.value}"))

    def stop(self, address: Address) -> None:
        """Let a service go of its ports."""
        with self._guard:
            self.calls.append(f"stop {address}")
            thing = self.things[address]
            fields = {**thing.fields, "process": "stopped"}
            self.things[address] = replace(thing, claims=(), fields=Frozen(fields))

    def _make(self, wanted: Desired) -> None:
        for need in wanted.needs:
            if need not in self.things and need.place not in self.elsewhere:
                raise AssertionError(f"{wanted.address} is made before {need}")
        for other in self.things.values():
            if other.address != wanted.address and any_clash(other.claims, wanted.claims):
                problem = f"{wanted.address}: {other.address} holds the port"
                raise TargetError(Problem(summary=problem))
        self._made += 1
        self.things[wanted.address] = Observed(
            address=wanted.address,
            fields=wanted.fields,
            identity=str(self._made),
            needs=wanted.needs,
            claims=tuple(wanted.claims),
            endpoint=wanted.endpoint,
            protect=wanted.protect,
        )

    def _remove(self, address: Address) -> None:
        users = [thing.address for thing in self.things.values() if address in thing.needs]
        if users:
            raise AssertionError(f"{address} is removed, and {users} need it")
        self.things.pop(address, None)


class Spot:
    """A target of the machine."""

    Settings: ClassVar[type] = dict
    ServiceSettings: ClassVar[type] = dict
    settle: ClassVar[float] = 0.0
    impact: ClassVar[Mapping[str, Impact]] = {
        "tags": Impact.METADATA,
        "region": Impact.REPLACE,
        "digest": Impact.NONE,
    }
    downtime: ClassVar[Mapping[Impact, str]] = {Impact.RESTART: "a moment"}
    identity = "the machine"

    def __init__(self, name: str, settings: Any = None, *_: Path | Owner) -> None:
        self._name = name
        self._machine: Machine = settings

    def desire(self, deployment: Deployment, pins: Pins) -> tuple[Desired, ...]:
        raise NotImplementedError

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:  # noqa: ARG002  all is listed
        return self._machine.listed(self._name)

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        yield Progress(text="making")
        self._machine.write(change, means)
        if change.after is not None:
            yield self._machine.things[change.address]

    def stop(self, address: Address) -> None:
        self._machine.stop(address)

    def health(self, address: Address) -> Health:
        ready = address in self._machine.things and address not in self._machine.unready
        return Health(ready=int(ready), failed=int(not ready), total=1, summary="as it is")


class SlowSpot(Spot):
    """A target whose lists are behind."""

    settle: ClassVar[float] = 5.0


class Shelf(Spot):
    """The place of the models: shows what is wanted, and deletes nothing."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("store", machine)

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        digests = {thing.address: thing.fields["digest"] for thing in wanted}
        return [
            thing
            for thing in super().observe(wanted)
            if digests.get(thing.address) == thing.fields["digest"]
        ]


class HistoryMeans(NoMeans):
    """Means that know a lease and the past."""

    def __init__(self, history: History, number: int) -> None:
        super().__init__(number=number)
        self._history = history

    def healthy(self, address: Address) -> Desired | None:
        applied = self._history.read().get(address)
        return self._history.desired(applied.revision).get(address) if applied else None


def places(machine: Machine, *names: str, row: Callable[..., Spot] = Spot) -> Places:
    """Return the targets of a machine, and its models."""
    return {"store": Shelf(machine), **{name: row(name, machine) for name in names}}


__all__ = ["Action", "Fault", "HistoryMeans", "LockedError", "Machine", "Shelf", "SlowSpot", "Spot"]

"""Random specs of one machine, and what a person does with them: apply, fail, look."""

import itertools
from collections.abc import Iterator, Mapping
from threading import Event as Flag
from typing import Any

import make
from engine_platform import Fault, HistoryMeans, Machine, Spot, places
from hypothesis import strategies as st
from msgspec import Struct
from obstore.store import MemoryStore

from mlops.carry_out import carry_out
from mlops.events import Event
from mlops.plain import freeze
from mlops.protocols import World
from mlops.selection import Selection
from mlops.store.history import History
from mlops.store.objects import Objects
from mlops.survey import survey
from mlops.values import Address, Desired, Observed

PLACES = ("here", "there")
NAMES = ("ann", "bob", "cat", "dan", "eve")
PORTS = (1, 2, 3, 4)
HOSTS = ("127.0.0.1", "127.0.0.2")
EVERYTHING = Selection()


class Service(Struct, frozen=True, kw_only=True):
    """A service of a random spec."""

    place: str
    port: int
    model: str
    digest: str
    environment: str
    tag: str
    region: str
    host: str = ""

    @property
    def claim(self) -> str:
        """The port, on one address if there is one."""
        return f"port/{self.port}@{self.host}" if self.host else f"port/{self.port}"


@st.composite
def specs(draw: st.DrawFn) -> Mapping[str, Service]:
    """Draw a spec: services by name, each with a port of its own, on all addresses or on one."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=len(NAMES)))
    whole = {port: draw(st.booleans()) for port in PORTS}
    slots = [(port, host) for port in PORTS for host in (("",) if whole[port] else HOSTS)]
    digests = {model: draw(st.sampled_from("xy")) for model in ("m", "n")}
    found = {}
    for name, (port, host) in zip(names, draw(st.permutations(slots)), strict=False):
        model = draw(st.sampled_from(("m", "n")))
        found[name] = Service(
            place=draw(st.sampled_from(PLACES)),
            port=port,
            model=model,
            digest=digests[model],
            environment=draw(st.sampled_from(("e1", "e2"))),
            tag=draw(st.sampled_from(("dev", "prod", ""))),
            region=draw(st.sampled_from(("north", "north", "south"))),
            host=host,
        )
    return found


def desired(spec: Mapping[str, Service]) -> tuple[Desired, ...]:
    """Return what a spec wants, as `resolve` would."""
    models = {one.model: one.digest for one in spec.values()}
    things = [
        make.desired(f"store/model/{name}", fields={"digest": digest})
        for name, digest in models.items()
    ]
    for name, one in spec.items():
        at = f"{one.place}/environment/{one.environment}"
        things += [make.desired(at, fields={"digest": one.environment}), _service(name, one)]
    return tuple({thing.address: thing for thing in things}.values())


def _service(name: str, one: Service) -> Desired:
    fields: dict[str, Any] = {
        f"models.{one.model}": one.digest,
        "environment": one.environment,
        "port": one.port,
        "host": one.host,
        "process": "running",
        "region": one.region,
    }
    if one.tag:
        fields["tags.stage"] = one.tag
    environment = make.address(f"{one.place}/environment/{one.environment}")
    return make.desired(
        f"{one.place}/service/{name}",
        fields=freeze(fields),
        needs=(make.address(f"store/model/{one.model}"), environment),
        claims={one.claim: make.where()},
        endpoint=f"http://127.0.0.1:{one.port}/score",
    )


class Person:
    """Somebody who applies specs to a machine, run after run."""

    def __init__(self, row: type[Spot] = Spot, objects: Objects | None = None) -> None:
        self.machine = Machine()
        self.objects = objects or Objects("memory", None, MemoryStore)
        self._row = row
        self.runs = itertools.count(1)

    @property
    def world(self) -> World:
        """Return the world as a new process sees it."""
        return World(
            project="p",
            store="s",
            places=places(self.machine, *PLACES, row=self._row),
            records=self.history,
        )

    @property
    def history(self) -> History:
        """Return the records."""
        return History(objects=self.objects, project="p", lineage=dict, targets={})

    def wanted(self, spec: Mapping[str, Service]) -> tuple[Desired, ...]:
        """Return what a spec wants."""
        return desired(spec)

    def pending(self, spec: Mapping[str, Service]) -> list[str]:
        """Return what a plan would do."""
        changes = survey(self.world, self.wanted(spec)).pending
        return [f"{change.action.value} {change.address}" for change in changes]

    def apply(
        self,
        spec: Mapping[str, Service],
        script: Mapping[int, Fault] | None = None,
        selection: Selection = EVERYTHING,
        stop_after: int | None = None,
    ) -> list[Event]:
        """Apply a spec; the n-th call from now on fails by the script."""
        offset = len(self.machine.calls)
        self.machine.script = {call + offset: fault for call, fault in (script or {}).items()}
        events = []
        stop = Flag()
        for event in self.begun(spec, selection, stop):
            events.append(event)
            if stop_after is not None and len(events) > stop_after:
                stop.set()
        self.machine.script = {}
        return events

    def begun(
        self, spec: Mapping[str, Service], selection: Selection, stop: Flag
    ) -> Iterator[Event]:
        """Begin to apply a spec."""
        world = self.world
        means = HistoryMeans(self.history, next(self.runs))
        return carry_out(world, survey(world, self.wanted(spec), selection), means, stop)

    def retry(self, spec: Mapping[str, Service]) -> None:
        """Apply a spec without failures, trying again what is held."""
        wanted = {thing.address for thing in desired(spec)}
        held = [each for each, record in self.history.read().items() if record.held]
        retry = tuple(str(each) for each in held if each in wanted)
        self.apply(spec, selection=Selection(retry=retry))


def live(machine: Machine) -> dict[Address, tuple[Any, ...]]:
    """Return what the machine has, without what tells one making from another."""
    return {
        address: _owned(thing)
        for address, thing in machine.things.items()
        if address.place != "store"
    }


def _owned(thing: Observed) -> tuple[Any, ...]:
    return dict(thing.fields), sorted(thing.claims), sorted(thing.needs), thing.protect


def alone(spec: Mapping[str, Service]) -> dict[Address, tuple[Any, ...]]:
    """Return what a spec alone makes, on an empty machine."""
    person = Person()
    person.apply(spec)
    return live(person.machine)

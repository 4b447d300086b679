"""An unkind store and an unkind platform: the next apply converges, and never do two write."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag
from typing import ClassVar

import make
import pytest
from engine_platform import Fault as Refusal
from engine_platform import Machine, Shelf, SlowSpot, Spot
from engine_specs import Person, Service, alone, desired, live
from obstore.store import MemoryStore
from unkind import Fault, Unkind

from mlops.artefacts import Content
from mlops.carry_out import carry_out
from mlops.errors import LockedError, TargetError
from mlops.events import Done, Event, Failed, Returned
from mlops.hashing import content_of
from mlops.means import StoreMeans
from mlops.protocols import Places, World
from mlops.prove import prove
from mlops.secrets.master import Master
from mlops.secrets.reader import SecretReader
from mlops.store import patience
from mlops.store.blobs import Blobs
from mlops.store.desired import desired_model
from mlops.store.history import History
from mlops.store.holder import this_holder
from mlops.store.lock import Lock, Timing
from mlops.store.objects import Objects
from mlops.store.registry import Registry
from mlops.survey import survey
from mlops.values import Desired

QUICK = Timing(beat=0.2, stop=0.5, stale=1.0, poll=0.05, patience=5.0)
CALLS = 90
"""More calls of the store than an apply makes."""


class File:
    """A model source: one file."""

    Settings: ClassVar[type] = dict

    def __init__(self, settings: Path, *_: Path) -> None:
        self._path = settings

    def pin(self) -> Content:
        return content_of(self._path, cache=None)

    def open(self, path: str) -> Path:  # noqa: ARG002  there is one
        return self._path


class Shop:
    """A store with a real registry, records and lock, and a machine in memory."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "model.bin"
        self.file.write_bytes(b"weights" * 1000)
        self.inner = Objects("memory", None, MemoryStore)
        self.machine = Machine()
        self.machine.elsewhere.add("store")

    def desired(self, stage: str) -> tuple[Desired, ...]:
        """Return a model, an environment and a service with a tag."""
        content = File(self.file).pin()
        model = desired_model(make.model("m", settings={}), content, "m:1")
        environment = make.desired("here/environment/e", fields={"digest": "e"})
        service = make.desired(
            "here/service/ann",
            fields={"models.m": content.digest, "process": "running", "stage": stage},
            needs=(model.address, environment.address),
            endpoint="http://127.0.0.1:1/score",
        )
        return (model, environment, service)

    def world(self, objects: Objects) -> World:
        """Return the world as a process with these objects sees it."""
        places: Places = {"store": Registry(objects), "here": Spot("here", self.machine)}
        return World(project="p", store="s", places=places, records=self.history(objects))

    def history(self, objects: Objects) -> History:
        """Return the records."""
        return History(objects=objects, project="p", lineage=dict, targets={})

    def apply(self, objects: Objects, stage: str) -> list[Event]:
        """Walk the pipeline under the lock, as `mlops apply` does."""
        wanted = self.desired(stage)
        lock = Lock(objects, "p", this_holder({}, "mlops apply"), timing=QUICK)
        with lock.acquire(5) as lease:
            world = self.world(objects)
            means = StoreMeans(
                objects=objects,
                blobs=Blobs(objects),
                models=Registry(objects),
                sources={"m": File(self.file)},
                lineage={},
                lease=lease,
                past=self.history(objects),
                secrets=SecretReader({}),
                master=Master(None, None, SecretReader({})),
            )
            agreed = survey(world, wanted)
            events = list(carry_out(world, agreed, means, Flag()))
            assert not prove(world, wanted, agreed) or any(
                isinstance(event, (Failed, Returned)) for event in events
            )
        return events


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST", 0.005)


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("fault", Fault)
def test_a_store_that_fails_any_one_call(fault: Fault, part: int, tmp_path: Path) -> None:
    for number in range(part, CALLS, 4):
        shop = Shop(tmp_path)
        shop.apply(shop.inner, "dev")
        unkind = Unkind(shop.inner, lambda call, *_, n=number: fault if call == n else None)

        try:
            shop.apply(unkind, "prod")
        except (TargetError, LockedError):
            unkind.settle()
            shop.apply(shop.inner, "prod")
        unkind.settle()

        again = shop.apply(shop.inner, "prod")
        assert [] == [event for event in again if isinstance(event, (Done, Failed))]
        assert shop.machine.most == 1
        assert sorted(shop.machine.numbers) == shop.machine.numbers
        assert [1] == [version.version for version in Registry(shop.inner).versions("m")]
        assert not shop.history(shop.inner).open()


def test_an_apply_makes_fewer_calls_than_are_swept(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.apply(shop.inner, "dev")
    kind = Unkind(shop.inner, lambda *_: None)

    shop.apply(kind, "prod")

    assert len(kind.calls) < CALLS


@pytest.mark.parametrize("fault", Fault)
def test_a_store_that_fails_any_one_call_of_the_first_apply(fault: Fault, tmp_path: Path) -> None:
    for number in range(CALLS):
        shop = Shop(tmp_path)
        unkind = Unkind(shop.inner, lambda call, *_, n=number: fault if call == n else None)

        with suppress(TargetError, LockedError):
            shop.apply(unkind, "dev")
        unkind.settle()
        shop.apply(shop.inner, "dev")

        assert [] == shop.apply(shop.inner, "dev")
        assert [1] == [version.version for version in Registry(shop.inner).versions("m")]
        assert shop.machine.most == 1


SPEC = {
    "ann": Service(
        place="here", port=1, model="m", digest="x", environment="e1", tag="", region="north"
    ),
    "bob": Service(
        place="there", port=2, model="m", digest="x", environment="e1", tag="", region="north"
    ),
}
MOVED = {
    "ann": Service(
        place="here", port=2, model="m", digest="y", environment="e2", tag="a", region="north"
    ),
    "bob": Service(
        place="here", port=1, model="m", digest="y", environment="e1", tag="", region="south"
    ),
}


@pytest.mark.parametrize("fault", [Refusal.REFUSED, Refusal.LOST])
def test_a_platform_that_fails_any_one_call_needs_no_retry(fault: Refusal) -> None:
    for number in range(12):
        person = Person()
        person.apply(SPEC)
        person.apply(MOVED, {number: fault})

        person.apply(MOVED)

        assert [] == person.pending(MOVED)
        assert alone(MOVED) == live(person.machine)
        assert person.machine.most == 1


def test_what_a_platform_did_before_it_timed_out_is_recorded_by_the_next_run() -> None:
    person = Person()
    person.apply(SPEC)
    person.apply(MOVED, dict.fromkeys(range(3), Refusal.LOST))

    person.apply(MOVED)

    assert not person.history.open()
    assert not any(record.unfinished for record in person.history.read().values())


@pytest.fixture
def late() -> Iterator[Person]:
    person = Person(row=SlowSpot)
    yield person
    person.machine.lag = 0


def test_what_is_listed_late_is_waited_for(late: Person) -> None:
    late.machine.lag = 2
    slept: list[float] = []
    agreed = survey(late.world, desired(SPEC))
    late.apply(SPEC)

    problems = prove(late.world, desired(SPEC), agreed, sleep=slept.append)

    assert () == problems
    assert [0.5, 1.0] == slept


def test_what_is_never_listed_is_named_after_the_settle_time(late: Person) -> None:
    late.machine.lag = 99
    passed = [0.0]
    agreed = survey(late.world, desired(SPEC))
    late.apply(SPEC)

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    problems = prove(late.world, desired(SPEC), agreed, clock=lambda: passed[0], sleep=sleep)

    assert "`here/service/ann` did not settle: it is not there" in [
        problem.summary for problem in problems
    ]
    assert SlowSpot.settle == passed[0]


def test_applies_over_a_list_that_is_behind_converge(late: Person) -> None:
    late.machine.lag = 1
    seen: Mapping[str, Service] = SPEC
    for seen in (SPEC, MOVED, SPEC):
        late.apply(seen)
        late.apply(seen)
    late.machine.lag = 0
    while late.pending(seen):
        late.apply(seen)

    assert alone(seen) == live(late.machine)
    assert late.machine.most == 1
    assert isinstance(late.world.places["store"], Shelf)

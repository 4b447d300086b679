"""What one change does to others: ports that are exchanged, left out or protected."""

from threading import Event as Flag

import make
import pytest
from engine_platform import Fault, Machine, Spot
from fakes import MemoryRecords, NoMeans

from mlops.carry_out import carry_out
from mlops.errors import SpecError
from mlops.events import Event, Progressed, Started
from mlops.protocols import World
from mlops.selection import Selection
from mlops.survey import survey
from mlops.values import Address, Desired


def world(machine: Machine) -> World:
    return World(
        project="p", store="s", places={"here": Spot("here", machine)}, records=MemoryRecords()
    )


def on(name: str, port: int, *needs: Address, protect: bool = False, region: str = "") -> Desired:
    """Return a service that listens on a port."""
    return make.desired(
        f"here/service/{name}",
        fields={"port": port, "process": "running", "region": region},
        claims={f"port/{port}": make.where()},
        needs=needs,
        protect=protect,
    )


def applied(at: World, *wanted: Desired, selection: Selection | None = None) -> list[str]:
    """Apply, and return how each change ended."""
    agreed = survey(at, wanted, selection or Selection())
    events: list[Event] = list(carry_out(at, agreed, NoMeans(), Flag()))
    return sorted(
        f"{type(event).__name__} {event.address.name}"
        for event in events
        if not isinstance(event, (Started, Progressed))
    )


def test_a_protected_service_is_not_stopped_for_one_that_wants_its_port() -> None:
    machine = Machine()
    at = world(machine)
    applied(at, on("ann", 1, protect=True), on("bob", 2))

    ends = applied(at, on("ann", 2, region="north"), on("bob", 1))

    assert ["Skipped ann", "Skipped bob"] == ends
    assert not [call for call in machine.calls if call.startswith("stop")]


def test_no_service_is_stopped_for_one_that_can_not_be_tried() -> None:
    machine = Machine()
    at = world(machine)
    applied(at, on("ann", 1), on("bob", 2))
    base = make.desired("here/environment/e", fields={"digest": "e"})
    machine.script = {len(machine.calls): Fault.REFUSED}

    ends = applied(at, base, on("ann", 2), on("bob", 1, base.address))

    assert ["Failed e", "Skipped ann", "Skipped bob"] == ends
    assert not [call for call in machine.calls if call.startswith("stop")]


def test_who_wants_the_port_of_a_service_that_failed_to_move_is_skipped() -> None:
    machine = Machine()
    at = world(machine)
    applied(at, on("ann", 1), on("bob", 2))
    machine.script = {len(machine.calls): Fault.REFUSED}

    ends = applied(at, on("ann", 3), on("bob", 1))

    assert ["Failed ann", "Skipped bob"] == ends


def test_a_selection_that_wants_the_port_of_what_it_leaves_out_is_refused() -> None:
    at = world(Machine())
    applied(at, on("ann", 1), on("bob", 2))

    with pytest.raises(SpecError) as refused:
        applied(at, on("ann", 3), on("bob", 1), selection=Selection(targets=("bob",)))

    assert [
        "`here/service/bob` wants port 1, which `here/service/ann` holds, and that is left out"
    ] == [problem.summary for problem in refused.value.problems]


def test_what_an_excluded_service_uses_is_not_removed() -> None:
    machine = Machine()
    at = world(machine)
    base = make.desired("here/environment/e", fields={"digest": "e"})
    applied(at, base, on("ann", 1, base.address))

    ends = applied(at, on("bob", 2), selection=Selection(exclude=("ann",)))

    assert ["Done bob"] == ends
    assert base.address in machine.things

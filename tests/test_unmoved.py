"""What somebody changes between the plan and a change is refused by name; the others go on."""

from collections.abc import Collection, Mapping
from threading import Event as Flag
from typing import ClassVar

import make
import pytest
from fakes import MemoryRecords, MemoryTarget, NoMeans
from msgspec.structs import replace

from mlops.carry_out import carry_out
from mlops.errors import StaleError
from mlops.events import Done, Failed
from mlops.protocols import World
from mlops.survey import survey
from mlops.unmoved import check_unmoved
from mlops.values import Action, Address, Change, Observed, Ownership

ANN = make.address("here/service/ann")
SEEN = make.observed(ANN, fields={"port": 1, "process": "running"}, identity="7")
WANTED = make.desired(ANN, fields={"port": 2, "process": "running"})


class Watched(MemoryTarget):
    """A target that reads one thing again. Each look is counted."""

    passing: ClassVar[Collection[str]] = ("process",)

    def look(self, address: Address) -> Observed | None:
        self.calls.append(f"look {address}")
        return self.things.get(address)


def with_fields(fields: Mapping[str, str | int]) -> Observed:
    return replace(SEEN, fields={**SEEN.fields, **fields})


def refused(now: Observed | None, change: Change) -> str:
    """Return what is said of a change; nothing if it may be made."""
    place = Watched()
    place.things = {ANN: now} if now else {}
    try:
        check_unmoved(change, place)
    except StaleError as error:
        return error.problems[0].summary
    return ""


UPDATE = make.change(ANN, Action.UPDATE, before=SEEN, after=WANTED)
CREATE = make.change(ANN, Action.CREATE, before=None, after=WANTED)
DELETE = make.change(ANN, Action.DELETE, before=SEEN, after=None)


@pytest.mark.parametrize(
    ("now", "change", "words"),
    [
        (SEEN, UPDATE, ""),
        (with_fields({"port": 2}), UPDATE, ""),  # what an earlier run had begun
        (replace(with_fields({"process": "stopped"}), identity=""), UPDATE, ""),
        (with_fields({"port": 3}), UPDATE, "was changed by somebody (`port`)"),
        (with_fields({"tags.a": "b"}), UPDATE, "was changed by somebody (`tags.a`)"),
        (replace(SEEN, identity="8"), UPDATE, "was made anew"),
        (
            replace(SEEN, ownership=Ownership.COPY, state="a copy"),
            UPDATE,
            "became another one: a c",
        ),
        (None, UPDATE, "is gone"),
        (None, CREATE, ""),
        (with_fields({"port": 2}), CREATE, ""),
        (SEEN, CREATE, "was made by somebody else"),
        (None, DELETE, ""),
        (SEEN, DELETE, ""),
        (with_fields({"port": 2}), DELETE, "was changed by somebody (`port`)"),
        (None, replace(UPDATE, stops_first=True), ""),
    ],
)
def test_a_thing_may_be_changed_while_it_is_what_was_seen_or_is_wanted(
    now: Observed | None, change: Change, words: str
) -> None:
    said = refused(now, change)

    assert bool(words) == bool(said)
    assert words in said


def test_what_moved_is_refused_by_name_and_the_others_go_on() -> None:
    place, records = Watched(), MemoryRecords()
    world = World(project="p", store="s", places={"here": place}, records=records)
    names = ("ann", "bob")
    first = [make.desired(f"here/service/{name}", fields={"port": 1}) for name in names]
    second = [make.desired(f"here/service/{name}", fields={"port": 2}) for name in names]
    list(carry_out(world, survey(world, first), NoMeans(), Flag()))
    agreed = survey(world, second)
    place.things[ANN] = replace(place.things[ANN], fields={"port": 9})

    events = list(carry_out(world, agreed, NoMeans(), Flag()))

    assert [ANN] == [event.address for event in events if isinstance(event, Failed)]
    assert [StaleError.code] == [event.code for event in events if isinstance(event, Failed)]
    assert ["bob"] == [event.address.name for event in events if isinstance(event, Done)]
    assert {"port": 9} == dict(place.things[ANN].fields)

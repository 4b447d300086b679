"""What the records tell of earlier runs: what was applied, cut short, held."""

from pathlib import Path

import make
import pytest

from mlops.plain import fingerprint
from mlops.spec import Fields
from mlops.store.history import History
from mlops.store.objects import Objects, open_store
from mlops.values import Action, Address, Applied

RED = make.address("laptop/service/red")
BLUE = make.address("laptop/service/blue")


@pytest.fixture
def history(tmp_path: Path) -> History:
    objects: Objects = open_store("store", tmp_path)
    return History(objects=objects, project="p", lineage=dict, targets={})


def begun(history: History, number: int, *addresses: Address) -> None:
    desired = [make.desired(address, fields={"port": number}) for address in addresses]
    history.begin(number, desired, [make.change(address) for address in addresses])


def applied(history: History) -> dict[str, Applied]:
    return {address.name: record for address, record in history.read().items()}


def hashed(fields: Fields) -> dict[str, str]:
    return {path: fingerprint(value) for path, value in fields.items()}


def test_what_a_run_began_and_did_not_record_is_unfinished(history: History) -> None:
    begun(history, 1, RED, BLUE)
    history.write(1, RED, {"port": 1})

    found = applied(history)

    assert not found["red"].unfinished
    assert found["blue"].unfinished


def test_a_run_that_ended_leaves_nothing_unfinished(history: History) -> None:
    begun(history, 1, RED)
    history.write(1, RED, {"port": 1})
    history.finish(1, {"result": "done"})

    found = applied(history)

    assert [False] == [record.unfinished for record in found.values()]
    assert hashed({"port": 1}) == found["red"].hashes


def test_the_next_run_closes_an_open_one_and_remembers_what_it_left(history: History) -> None:
    begun(history, 1, RED, BLUE)
    begun(history, 2, RED)
    history.write(2, RED, {"port": 2})

    found = applied(history)

    assert not found["red"].unfinished
    assert found["blue"].unfinished


def test_what_a_restart_cost_is_known_until_the_next_one(history: History) -> None:
    begun(history, 1, RED)
    history.write(1, RED, {"port": 1}, outage=2.5)
    history.hold(RED, {"port": 2}, "it broke")
    history.write(2, RED, {"port": 3})
    kept = applied(history)["red"].outage
    history.write(3, RED, {"port": 4}, outage=1.25)

    assert (2.5, 1.25) == (kept, applied(history)["red"].outage)


def test_what_is_held_keeps_what_was_applied_and_says_why(history: History) -> None:
    begun(history, 1, RED)
    history.write(1, RED, {"port": 1})
    history.finish(1, {"result": "done"})

    history.hold(RED, {"port": 2}, "it broke")

    held = applied(history)["red"]
    assert (fingerprint({"port": 2}), "it broke", 1) == (held.held, held.why, held.revision)
    assert {RED: {"port": 1}} == {
        address: thing.fields for address, thing in history.desired(held.revision).items()
    }


def test_making_the_same_again_keeps_the_hold_and_anything_else_ends_it(history: History) -> None:
    begun(history, 1, RED)
    history.write(1, RED, {"port": 1})
    history.hold(RED, {"port": 2}, "it broke")

    history.write(2, RED, {"port": 1})
    kept = applied(history)["red"]
    history.write(3, RED, {"port": 3})
    ended = applied(history)["red"]

    assert (fingerprint({"port": 2}), 2) == (kept.held, kept.revision)
    assert "" == ended.held


def test_a_deleted_thing_is_no_longer_told_of(history: History) -> None:
    begun(history, 1, RED)
    history.write(1, RED, {"port": 1})
    history.write(1, RED, None)
    history.finish(1, {"result": "done"})

    assert {} == history.read()


def test_the_first_action_of_an_address_is_in_the_revision(history: History) -> None:
    begun(history, 1, RED)

    changes = history.revisions.read(1).changes

    assert {str(RED): Action.CREATE.value} == dict(changes)


def test_what_a_run_says_that_it_left_is_unfinished_though_the_run_is_done(
    history: History,
) -> None:
    begun(history, 1, RED, BLUE)
    history.write(1, RED, {"port": 1})
    history.finish(1, {"result": "failed", "unfinished": (str(BLUE),)})

    found = applied(history)

    assert not history.open()
    assert {BLUE} == history.unfinished()
    assert (False, True) == (found["red"].unfinished, found["blue"].unfinished)


def test_only_the_last_run_that_ended_says_what_is_left(history: History) -> None:
    begun(history, 1, RED, BLUE)
    history.finish(1, {"result": "failed", "unfinished": (str(RED), str(BLUE))})
    begun(history, 2, RED)
    history.write(2, RED, {"port": 2})
    history.finish(2, {"result": "done", "unfinished": (str(BLUE),)})

    assert {BLUE} == history.unfinished()

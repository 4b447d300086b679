"""What tells one value of a secret from another, and who may look."""

from typing import Any

import make
import pytest

from mlops.errors import Problem, TargetError
from mlops.plain import freeze
from mlops.secrets.compare import assumed, identified
from mlops.secrets.fields import uncompared
from mlops.secrets.identity import identity, same
from mlops.secrets.places import Secret
from mlops.secrets.reader import SecretReader
from mlops.values import Action, Desired

FIELD = "environment_variables.TOKEN"


class Shelf:
    """A place where secrets live, in memory."""

    def __init__(self, **secrets: Secret) -> None:
        self.secrets = secrets
        self.asked: list[str] = []

    def read(self, path: str) -> Secret:
        self.asked.append(path)
        if path not in self.secrets:
            raise TargetError(Problem(summary=f"no secret `{path}`"))
        return self.secrets[path]


def wanted(place: str = "env/A", at: Any = make.SERVICE) -> Desired:
    return make.desired(at, fields={FIELD: freeze({"secret": place}), "port": 1})


def live(place: str, known: str) -> Any:
    return make.observed(fields={FIELD: freeze({"secret": place, "identity": known}), "port": 1})


def test_a_fingerprint_knows_its_value_alone_and_shows_nothing_of_it() -> None:
    first, other = Secret(value="hunter2"), Secret(value="hunter3")

    made = identity(first)

    assert same(first, made)
    assert not same(other, made)
    assert identity(first) != made, "the salt is another one"
    assert "hunter2" not in made


def test_the_version_of_a_vault_is_the_identity() -> None:
    first = Secret(value="hunter2", version="v1")

    assert identity(first) == "version:v1"
    assert same(first, "version:v1")
    assert not same(Secret(value="hunter2", version="v2"), "version:v1")
    assert not same(first, identity(Secret(value="hunter2")))


@pytest.mark.parametrize("known", ["", "scrypt", "scrypt:zz:00", "version:", "what"])
def test_an_identity_that_makes_no_sense_is_another_one(known: str) -> None:
    assert not same(Secret(value="x"), known)


def test_a_plan_reads_nothing_and_takes_the_same_place_for_the_same_secret() -> None:
    (kept,) = assumed([wanted("env/A")], [live("env/A", "scrypt:1")])
    (moved,) = assumed([wanted("env/B")], [live("env/A", "scrypt:1")])

    assert kept.fields[FIELD] == {"secret": "env/A", "identity": "scrypt:1"}
    assert moved.fields[FIELD] == {"secret": "env/B"}


def test_apply_keeps_the_identity_of_a_value_that_stayed_and_makes_that_of_another() -> None:
    old, new = Secret(value="old"), Secret(value="new")
    known = identity(old)
    address = make.address()

    (kept,) = identified(
        [wanted()], [live("env/A", known)], SecretReader({"env": Shelf(A=old)}), {address}
    )
    (changed,) = identified(
        [wanted()], [live("env/A", known)], SecretReader({"env": Shelf(A=new)}), {address}
    )

    assert kept.fields[FIELD] == {"secret": "env/A", "identity": known}
    assert changed.fields[FIELD] != {"secret": "env/A", "identity": known}


def test_what_is_not_selected_is_not_read() -> None:
    shelf = Shelf()

    found = identified([wanted()], [], SecretReader({"env": shelf}), ())

    assert (found, shelf.asked) == ((wanted(),), [])


def test_every_secret_that_is_missing_is_told_at_once() -> None:
    other = make.address("laptop/service/other")
    things = [wanted("env/A"), wanted("env/B", other)]

    with pytest.raises(TargetError) as caught:
        identified(things, [], SecretReader({"env": Shelf()}), {make.address(), other})

    assert [each.summary for each in caught.value.problems] == ["no secret `A`", "no secret `B`"]


def test_a_secret_is_read_once_a_run() -> None:
    shelf = Shelf(A=Secret(value="x"))
    reader = SecretReader({"env": shelf})

    first = reader.identity(make.secret("env/A"))
    second = reader.identity(make.secret("env/A"), "scrypt:00:00")

    assert first == second
    assert shelf.asked == ["A"]


def test_a_version_that_is_pinned_needs_no_comparison() -> None:
    pinned = make.change(action=Action.KEEP, after=wanted("keyvault/v/n/0123"))
    moving = make.change(action=Action.KEEP, after=wanted("keyvault/v/n"))

    assert uncompared([pinned]) == ()
    assert uncompared([moving]) == (f"{make.SERVICE} {FIELD}: secret: compared at apply",)

"""`--target` and `--exclude`: what is asked for, what it needs, and nothing else."""

import make
import pytest

from mlops.errors import SpecError
from mlops.selection import Selection, selected
from mlops.values import Action, Address, Plan

ENVIRONMENT = make.address("laptop/environment/abc")


def plan() -> Plan:
    return make.plan(
        make.change(ENVIRONMENT),
        make.change("laptop/service/red", needs=(ENVIRONMENT,)),
        make.change("edge/service/blue"),
        make.change("laptop/service/old", Action.DELETE),
    )


def chosen(*targets: str, exclude: tuple[str, ...] = ()) -> list[Address]:
    picked = selected(plan(), Selection(targets=targets, exclude=exclude))
    return [change.address for change in picked.changes]


def names(addresses: list[Address]) -> list[str]:
    return [address.name for address in addresses]


def test_without_words_everything_is_selected() -> None:
    assert ["abc", "red", "blue", "old"] == names(chosen())


def test_a_service_comes_with_what_it_needs_and_nothing_is_deleted() -> None:
    assert ["abc", "red"] == names(chosen("red"))
    assert ["abc", "red"] == names(chosen("laptop/service/red"))


def test_a_place_is_everything_at_it() -> None:
    assert ["abc", "red", "old"] == names(chosen("laptop"))


def test_what_is_excluded_is_left_out() -> None:
    assert ["abc", "red", "blue"] == names(chosen(exclude=("old",)))


def test_a_word_that_matches_nothing_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(SpecError) as refused:
        chosen("redd", exclude=("nothing-like-it",))

    assert ["`redd` names nothing of the plan", "`nothing-like-it` names nothing of the plan"] == [
        problem.summary for problem in refused.value.problems
    ]
    assert "did you mean `red`?" == refused.value.problems[0].hint

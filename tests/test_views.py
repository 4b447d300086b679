"""Plans, drift and tables as people read them; tests/golden holds the exact text."""

import json
from collections.abc import Callable

import make
import pytest
import samples
from click import unstyle

from mlops.drifted import Drift
from mlops.plain import freeze
from mlops.spec import Fields, Json
from mlops.units import size, span
from mlops.values import Action, Counts, Plan
from mlops.views.json import JsonView, to_plain
from mlops.views.paper import Paper
from mlops.views.table import VIEWS
from mlops.views.text import TextView
from mlops.views.words import value

Golden = Callable[[str, str], None]


def text(paper: Paper = samples.TERMINAL) -> TextView:
    return TextView(paper)


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("first", samples.first_plan()),
        ("update", make.plan(samples.update())),
        ("delete", make.plan(samples.delete())),
        ("mixed", samples.mixed_plan()),
        ("fleet", samples.fleet()),
        ("long_values", samples.long_values()),
        ("nothing", make.plan(make.change(action=Action.KEEP))),
    ],
)
def test_a_plan_reads_calmly_in_80_columns(name: str, plan: Plan, golden: Golden) -> None:
    shown = text().plan(plan)

    golden(f"plan_{name}.txt", shown)
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_a_plan_in_a_log_is_neither_wrapped_nor_coloured(golden: Golden) -> None:
    shown = text(samples.LOG).plan(
        make.plan(*samples.first_plan().changes, *samples.long_values().changes)
    )

    golden("plan_log.txt", shown)
    assert "\x1b" not in shown


def test_signs_are_coloured_on_a_terminal(golden: Golden) -> None:
    golden("plan_color.txt", text(samples.COLOR).plan(samples.mixed_plan()))


def test_a_colour_never_changes_what_is_read() -> None:
    plan = samples.mixed_plan()

    coloured = text(samples.COLOR).plan(plan)

    assert text().plan(plan) == unstyle(coloured)


def test_a_plan_of_environments_alone_is_not_called_no_changes() -> None:
    shown = text().plan(make.plan(make.change(samples.ENVIRONMENT)))

    last = "Plan: 0 to add, 0 to change, 0 to destroy."
    assert last == shown.splitlines()[-1]


def test_a_replace_counts_as_both_and_an_environment_as_nothing() -> None:
    plan = make.plan(
        *samples.mixed_plan().changes, make.change(samples.ENVIRONMENT), make.change(make.MODEL)
    )

    assert Counts(add=2, change=2, destroy=2) == plan.counts


@pytest.mark.parametrize(
    ("name", "drift"),
    [
        ("some", samples.drift()),
        ("none", Drift(plan=make.plan(make.change(action=Action.KEEP)))),
        ("agreed", samples.agreed_drift()),
    ],
)
def test_drift_says_what_somebody_did(name: str, drift: Drift, golden: Golden) -> None:
    golden(f"drift_{name}.txt", text().drift(drift))


def test_drift_of_other_things_than_services_is_counted_by_kind() -> None:
    plan = make.plan(make.change(samples.ENVIRONMENT), make.change(action=Action.KEEP))

    shown = text().drift(Drift(plan=plan))

    assert shown.endswith("Drift: 1 of 1 environment differs from what was applied.\n")


def test_rows_are_aligned_and_cut_to_the_terminal_alone(golden: Golden) -> None:
    rows: list[Fields] = [
        {
            "service": "diabetes",
            "target": "laptop",
            "state": "ready",
            "models": ("diabetes:1", "scaler:12"),
            "address": "http://127.0.0.1:8890",
            "since": "2026-07-01T12:30:05Z",
        },
        {"service": "wine", "target": "laptop", "state": "absent", "models": (), "address": ""},
    ]

    golden("rows_terminal.txt", text().rows(rows))
    golden("rows_log.txt", text(samples.LOG).rows(rows))


def test_sizes_are_words_in_text_and_numbers_in_json() -> None:
    rows: list[Fields] = [
        {"name": "diabetes", "version": 12, "size": 1234},
        {"name": "x", "version": 1, "size": 5},
    ]

    table = "NAME      VERSION    SIZE\ndiabetes       12  1.2 kB\nx               1     5 B\n"
    assert table == text().rows(rows)
    assert rows == json.loads(JsonView().rows(rows))


def test_no_rows_are_no_text_and_an_empty_list() -> None:
    empty = ("", "[]\n")
    assert empty == (text().rows([]), JsonView().rows([]))


def test_one_thing_is_shown_key_by_key(golden: Golden) -> None:
    version = to_plain(make.model_version(framework=make.framework(), description="two\nlines"))

    golden("record.txt", text().record(freeze({**version, "used_by": ("a", "b")})))


def test_every_format_has_its_view() -> None:
    names = {"text", "json", "markdown", "github", "sarif"}

    views = {name: make_view(samples.LOG) for name, make_view in VIEWS.items()}

    assert names == set(views)
    assert all(view.plan(make.plan()) for view in views.values())


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1234, "1.2 kB"),
        (12_345, "12 kB"),
        (999_950, "1 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_have_two_digits_that_count(count: int, words: str) -> None:
    assert words == size(count)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (59.7, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3780, "1 h 3 min"),
    ],
)
def test_times_are_read_at_a_glance(seconds: float, words: str) -> None:
    assert words == span(seconds)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "(none)"),
        (True, "true"),
        (1.0, "1.0"),
        ("vision", "vision"),
        ("true", '"true"'),
        ("8890", '"8890"'),
        ("two words", '"two words"'),
        ("", '""'),
        ("\x1b[31mred", '"\\u001b[31mred"'),
        (("a", 1), '["a", 1]'),
        (make.digest("a"), "a" * 12),
        (f"python@{make.digest('b')}", "python@" + "b" * 12),
    ],
)
def test_a_value_is_quoted_only_where_it_must_be(given: Json, words: str) -> None:
    assert words == value(given)

"""Problems as people read them; tests/golden holds the exact text."""

from collections.abc import Callable

import make
import samples

from mlops.views.paper import Paper
from mlops.views.text import TextView

Golden = Callable[[str, str], None]


def text(paper: Paper = samples.TERMINAL) -> TextView:
    return TextView(paper)


def test_problems_show_their_line_with_carets(golden: Golden) -> None:
    golden("problems.txt", text().problems(samples.two_problems()))


def test_a_long_source_line_is_cut_around_the_column(golden: Golden) -> None:
    source = "models: {" + ", ".join(f"m{n}: {{path: m{n}.pkl}}" for n in range(40)) + "}"
    places = [
        make.where(line=2, column=source.index(word) + 1, text=source, width=len(word))
        for word in ("models", "m20.pkl", "m39.pkl")
    ]
    whole = make.where(line=2, column=9, text=source, width=len(source))

    shown = text().problems([make.problem("no file", where=at) for at in [*places, whole]])

    golden("problems_long_line.txt", shown)
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_carets_stand_right_after_tabs_and_wide_characters(golden: Golden) -> None:
    sources = ("\tport:\tx", "模型: {path: x}", "a: 'x\x1b[31m' # \u202e x")
    places = [make.where(column=line.rindex("x") + 1, text=line) for line in sources]

    shown = text().problems([make.problem("no `x` here", where=at) for at in places])

    golden("problems_odd_characters.txt", shown)


def test_a_place_beyond_the_end_of_its_line_points_behind_it() -> None:
    at = make.where(line=3, column=90, text="port:", width=4)

    shown = text().problems([make.problem("a value is missing", where=at)])

    excerpt = ["    3 | port:", "      |      ^"]
    assert excerpt == shown.splitlines()[1:]


def test_details_and_long_hints_are_indented(golden: Golden) -> None:
    found = make.problem(
        "uv found no versions\n  because\n\x1b[31mof that", hint="do this\nor that"
    )

    golden("problems_details.txt", text().problems([found]))


def test_a_place_without_a_line_is_the_name_alone() -> None:
    found = make.problem("no such file", where=make.where(file="--var-file x", line=0))

    shown = text().problems([found])

    line = "error: --var-file x: no such file\n"
    assert line == shown

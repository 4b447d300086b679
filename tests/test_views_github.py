"""What a job on GitHub reads: its log, annotations, outputs."""

import re
from collections.abc import Callable

import make
import pytest
import samples

from mlops.planfile import plan_digest
from mlops.values import Action
from mlops.views.github import GithubView, counts, outputs
from mlops.views.paper import Paper

Golden = Callable[[str, str], None]


def view() -> GithubView:
    return GithubView(Paper(root=""))


def test_problems_are_errors_on_their_lines(golden: Golden) -> None:
    golden("problems.github.txt", view().problems(samples.two_problems()))


def test_losses_are_warnings_on_the_line_of_their_service(golden: Golden) -> None:
    moved = make.change(
        "laptop/service/moved",
        Action.REPLACE,
        reason="the file changed",
        after=make.desired("laptop/service/moved", where=make.where(line=12, column=3, width=5)),
    )

    golden("plan.github.txt", view().plan(make.plan(samples.delete(), moved)))


def test_drift_is_a_warning(golden: Golden) -> None:
    golden("drift.github.txt", view().drift(samples.drift()))


def test_a_failure_is_an_error(golden: Golden) -> None:
    report = make.report(make.done(make.MODEL), make.failed())

    golden("report.github.txt", view().report(report))


def test_a_file_is_named_from_the_root_of_the_checkout() -> None:
    inside = make.problem(where=make.where(file="/checkout/deploy/mlops.yaml"))
    outside = make.problem(where=make.where(file="/etc/mlops.yaml"))

    shown = GithubView(Paper(root="/checkout")).problems([inside, outside])

    assert ["deploy/mlops.yaml", "/etc/mlops.yaml"] == re.findall("file=([^,]*),", shown)


def test_a_text_can_not_end_its_command_or_begin_another() -> None:
    text = "100%\n::error::stolen\r\n::set-output name=x::y"
    where = make.where(file="a,line=7::b.yaml", line=3)

    *_, last = view().problems([make.problem(text, where=where)]).splitlines()

    assert last.startswith(
        "::error file=a%2Cline=7%3A%3Ab.yaml,line=3,col=1,endColumn=2::100%25%0A"
    )
    assert last.endswith("::error::stolen%0D%0A::set-output name=x::y")


@pytest.mark.parametrize("text", ["::add-mask::a", "##[error]x"])
def test_the_log_is_shut_off_from_the_runner_where_it_looks_like_a_command(text: str) -> None:
    begin, *_, end = view().plan(make.plan(notes=(text,))).splitlines()

    token = begin.removeprefix("::stop-commands::")
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert f"::{token}::" == end


def test_an_output_holds_lines_and_ends_where_it_ends() -> None:
    value = "a\nend_x\nb<<c"

    first, *middle, last = outputs({"digest": value}).splitlines()

    assert f"digest<<{last}" == first
    assert value.splitlines() == middle
    assert last not in middle


def test_later_steps_can_ask_for_counts_and_digest() -> None:
    plan = samples.mixed_plan()

    told = {"changed": "true", "add": "1", "change": "2", "destroy": "2"}
    assert {**told, "digest": plan_digest(plan), "unobserved": ""} == counts(plan)
    assert ("false", "") == (counts(make.plan())["changed"], counts(make.plan())["digest"])

"""What apply says, as people read it; tests/golden holds the exact text."""

from collections.abc import Callable
from io import StringIO

import make
import samples
from rich.console import Console

from mlops.values import Action
from mlops.views.live import live
from mlops.views.paper import Paper
from mlops.views.text import TextView

Golden = Callable[[str, str], None]


def text(paper: Paper = samples.TERMINAL) -> TextView:
    return TextView(paper)


def test_events_are_lines_for_a_log(golden: Golden) -> None:
    golden(
        "events.txt", "".join(text(samples.LOG).event(event) for event in samples.failed_events())
    )


def test_a_report_names_the_next_command(golden: Golden) -> None:
    report = make.report(
        make.done(make.MODEL, seconds=0.04),
        make.failed(),
        make.done("laptop/service/wine", endpoint="http://127.0.0.1:8891/score"),
        make.skipped(
            "laptop/service/diabetes-old",
            action=Action.DELETE,
            because="something failed, so nothing is deleted",
        ),
    )

    golden("report_failed.txt", text().report(report))


def test_a_report_of_success_ends_with_the_addresses(golden: Golden) -> None:
    report = make.report(
        make.done(make.MODEL, seconds=0.04),
        make.done(samples.ENVIRONMENT, seconds=12.3),
        make.done(endpoint="http://127.0.0.1:8890/score"),
    )

    golden("report_done.txt", text().report(report))


def test_a_report_of_a_fleet_stays_in_80_columns(golden: Golden) -> None:
    report = make.report(
        *(
            make.done(
                f"laptop/service/diabetes-{number:03}",
                endpoint=f"http://127.0.0.1:{8900 + number}/score",
            )
            for number in range(100)
        )
    )

    shown = text().report(report)

    golden("report_fleet.txt", shown)
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_what_did_not_settle_is_part_of_the_report() -> None:
    report = make.report(make.done(), problems=(make.problem("`port` did not settle"),))

    shown = text().report(report)

    assert "error: `port` did not settle" in shown.splitlines()
    assert "  mlops plan  what is left to do" in shown.splitlines()


def test_a_stopped_apply_is_gone_on_with() -> None:
    report = make.report(make.skipped(because="stopped"), stopped=True)

    shown = text().report(report)

    assert "  mlops apply  do the rest" in shown.splitlines()


def test_a_live_terminal_shows_what_runs_and_keeps_what_ended() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=80, color_system=None)

    with live(console) as show:
        for event in samples.failed_events():
            show(event)

    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert f"{make.MODEL}: done in 1 min 15 s" in shown
    assert f"{make.SERVICE}: failed" in shown
    assert "KeyError: 1" in shown

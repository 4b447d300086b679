"""Where output goes: colours, pipes, closed and full streams."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Walk, walking

ESCAPE = "\x1b["
SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def shell(walk: Walk, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which `mlops` is ours."""
    return subprocess.run(
        ["/bin/bash", "-c", line.replace("mlops", f"{sys.executable} -m mlops")],
        cwd=walk.folder,
        env=walk.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_pipe_gets_no_colour_unless_it_is_asked_for(walk: Walk) -> None:
    plain = walk.run("plan")

    assert ESCAPE not in plain.out
    assert ESCAPE in walk.run("plan", "--color").out
    assert ESCAPE in walk.run("plan", environ={"FORCE_COLOR": "1"}).out
    assert ESCAPE not in walk.run("plan", environ={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out
    assert ESCAPE not in walk.run("plan", "--no-color", environ={"FORCE_COLOR": "1"}).out
    assert ESCAPE in walk.run("plan", "--color", environ={"NO_COLOR": "1"}).out


def test_errors_of_apply_in_a_pipe_have_no_escape_sequence(walk: Walk) -> None:
    walk.edit(
        "score/score.py", "    global coefficients", "    print('\\x1b[31mred')\n    global nothing"
    )

    answer = walk.apply()

    assert ESCAPE not in answer.out + answer.err


def test_a_reader_that_leaves_early_causes_no_traceback(walk: Walk) -> None:
    done = shell(walk, "mlops schema | head -1; mlops plan | true")

    assert (0, "{\n", "") == (done.returncode, done.stdout, done.stderr)


def test_closed_streams_cause_no_traceback(walk: Walk) -> None:
    for line in ("mlops plan >&-", "mlops plan 2>&-", "mlops version <&- >&- 2>&-"):
        done = shell(walk, line)

        assert (0, "") == (done.returncode, done.stderr), line


def test_a_full_disk_is_told(walk: Walk) -> None:
    for line in ("mlops plan >/dev/full", "mlops validate >/dev/full"):
        done = shell(walk, line)

        assert done.returncode == 1, line
        assert done.stderr.startswith("error: cannot write to standard output: No space left"), line


def test_no_line_at_a_terminal_is_longer_than_it(walk: Walk) -> None:
    for words in (("plan",), ("apply",), ("status",), ("show", "diabetes"), ("test",)):
        shown = walk.at_terminal(*words, typed="yes").out

        lines = SEQUENCES.sub("", shown).replace("\r", "\n").splitlines()
        long = [line for line in lines if len(line) > 80]
        assert [line for line in long if "sha256:" not in line and "://" not in line] == [], words

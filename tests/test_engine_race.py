"""Two applies at once: one writes, the other one waits or is told who holds the lock."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict
from walk import Answer, Walk, until, walking

from mlops.store.lock import Timing

TIMED = Path(__file__).with_name("engine_timed.py")
QUICK = Timing(beat=0.3, stop=1.2, stale=2.4, poll=0.05)
FIRST = "    global coefficients, intercept\n"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        assert begun.apply().code == 0
        yield begun


def begun(walk: Walk, *words: str, timing: Timing = QUICK) -> "subprocess.Popen[str]":
    """Begin an apply whose lock beats quickly, or with another timing."""
    rhythm = json.dumps(asdict(timing))
    return subprocess.Popen(
        [sys.executable, str(TIMED), rhythm, "apply", "--auto-approve", *words],
        cwd=walk.folder,
        env=walk.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(run: "subprocess.Popen[str]") -> Answer:
    out, err = run.communicate(timeout=200)
    return Answer(code=run.returncode, out=out, err=err)


def lived(walk: Walk) -> tuple[Any, ...]:
    """Return which server runs, with which settings, and how often it was changed."""
    record = walk.record()
    return record["pid"], record["settings"], record["swaps"], record["worker_pids"]


def slow(walk: Walk, seconds: float, word: str) -> None:
    """Let `init()` take its time, in a code of its own."""
    walk.edit("score/score.py", FIRST, f"{FIRST}    import time; time.sleep({seconds})  # {word}\n")


def test_one_of_two_applies_is_told_who_holds_the_lock(walk: Walk) -> None:
    slow(walk, 6, "slow")
    first = begun(walk, "--json")
    assert first.stdout is not None
    first.stdout.readline()  # the first change has begun

    refused = walk.apply("--lock-timeout", "0s")
    waited = walk.apply("--lock-timeout", "60s")
    done = ended(first)

    assert refused.code == 5
    assert "is locked for `" in refused.err
    assert "by `mlops apply`" in refused.err
    assert done.code == 0, done.err
    assert waited.code == 0, waited.err
    walk.settled()


@pytest.mark.parametrize("word", ["copying", "trying"])
def test_an_apply_that_stood_still_writes_nothing_over_the_one_that_took_over(
    walk: Walk, word: str
) -> None:
    slow(walk, 1, "first")
    walk.edit("mlops.yaml", "stage: dev", "stage: first")
    first = begun(walk, "--json")
    assert first.stdout is not None
    while word not in first.stdout.readline():
        assert first.poll() is None
    os.kill(first.pid, signal.SIGSTOP)
    walk.edit("score/score.py", "# first\n", "# second\n")
    walk.edit("mlops.yaml", "stage: first", "stage: second")

    second = ended(begun(walk, "--lock-timeout", "30s"))
    before = lived(walk)
    os.kill(first.pid, signal.SIGCONT)
    lost = ended(first)

    assert second.code == 0, second.err
    assert lost.code in (4, 5, 7), lost.out + lost.err
    assert any(why in lost.out for why in ("the lock", "changed since the plan"))
    assert before == lived(walk)
    assert walk.run("show", "diabetes", "--format", "json").json["fields"]["tags.stage"] == "second"
    assert walk.run("drift").code == 0
    walk.settled()


def test_the_lock_is_free_after_a_run_that_was_killed(walk: Walk) -> None:
    slow(walk, 30, "slow")
    first = begun(walk)
    until(lambda: any(walk.folder.glob(".mlops/store/locks/*/2.json")))
    first.kill()
    first.communicate()
    walk.edit("score/score.py", "time.sleep(30)", "time.sleep(0)")

    answer = walk.apply("--lock-timeout", "0s")

    assert answer.code == 0, answer.err
    walk.settled()


@pytest.mark.slow
def test_an_apply_that_was_stopped_for_two_minutes_loses_nothing(walk: Walk) -> None:
    """With the rhythm that users have: the second run takes over after a minute, and is alone."""
    slow(walk, 2, "first")
    walk.edit("mlops.yaml", "stage: dev", "stage: first")
    first = begun(walk, "--json", timing=Timing())
    assert first.stdout is not None
    while "copying" not in first.stdout.readline():
        assert first.poll() is None
    os.kill(first.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    walk.edit("score/score.py", "# first\n", "# second\n")
    walk.edit("mlops.yaml", "stage: first", "stage: second")

    refused = ended(begun(walk, "--lock-timeout", "30s", timing=Timing()))
    second = ended(begun(walk, "--lock-timeout", "90s", timing=Timing()))
    took = time.monotonic() - stopped
    before = lived(walk)
    until(lambda: time.monotonic() - stopped >= 120, seconds=130)
    os.kill(first.pid, signal.SIGCONT)
    lost = ended(first)

    assert refused.code == 5, refused.err
    assert second.code == 0, second.err
    assert took > Timing().stop
    assert lost.code in (4, 5, 7), lost.out + lost.err
    assert before == lived(walk)
    assert walk.run("show", "diabetes", "--format", "json").json["fields"]["tags.stage"] == "second"
    assert walk.run("drift").code == 0
    walk.settled()

"""What goes wrong during an apply: crashes, slow starts, failed checks, Ctrl-C, kill -9."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import NO_CHANGES, Walk, free_port, until, walking

FIRST = "    global coefficients, intercept\n"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def init_first(walk: Walk, line: str) -> None:
    """Let `init()` begin with a line."""
    walk.edit("score/score.py", FIRST, f"{FIRST}    {line}\n")


def test_a_crash_in_init_shows_its_traceback_and_the_next_command(walk: Walk) -> None:
    init_first(walk, 'raise RuntimeError("no such weights")')

    answer = walk.apply()

    assert answer.code == 7
    assert "RuntimeError: no such weights\n" in answer.err
    assert "Traceback (most recent call last):" in answer.err
    assert "failed    + laptop/service/diabetes " in answer.out
    assert "Apply: 2 done, 1 failed, 0 skipped.\n" in answer.out
    assert "  mlops logs diabetes  what the service printed\n" in answer.out
    assert walk.run("status", "--format", "json").json[0]["state"] == "failed"
    assert walk.run("drift").code == 0
    assert "somebody" not in walk.plan()

    walk.edit("score/score.py", '    raise RuntimeError("no such weights")\n', "")

    assert walk.apply().code == 0
    walk.settled()


def test_init_may_take_three_seconds(walk: Walk) -> None:
    init_first(walk, "import time; time.sleep(3)")

    answer = walk.apply()

    assert answer.code == 0, answer.err
    walk.settled()


def test_a_failed_check_is_told_with_its_place_and_code_7(walk: Walk) -> None:
    walk.edit("mlops.yaml", "json: [205.826]", "json: [205.9]")

    answer = walk.apply()

    assert answer.code == 7
    assert "expected 205.9, found 205.82" in answer.err
    assert "error: mlops.yaml:" in answer.err
    assert walk.run("test").code == 7
    walk.edit("mlops.yaml", "json: [205.9]", "json: [205.826]")
    assert walk.apply().code == 0
    assert walk.run("test").code == 0


def test_nothing_is_deleted_after_a_failure(walk: Walk) -> None:
    walk.add_service("extra", free_port())
    assert walk.apply().code == 0
    walk.drop_service("extra")
    init_first(walk, "raise SystemExit(4)")

    answer = walk.apply("--allow-deletes", "1")

    assert answer.code == 7
    assert "skipped   - laptop/service/extra " in answer.out
    assert "extra" in walk.servers().values()


def test_packages_that_do_not_resolve_fail_quickly(walk: Walk) -> None:
    (walk.folder / "score" / "requirements.txt").write_text("six==0.0.0.0.1\n")
    begun = time.monotonic()

    answer = walk.apply()

    assert answer.code == 7  # the model was registered before
    assert "six==0.0.0.0.1" in answer.err or "index" in answer.err
    assert "skipped   + laptop/service/diabetes " in answer.out
    assert time.monotonic() - begun < 30
    assert walk.apply().code == 6  # now nothing at all is changed


def test_ctrl_c_ends_within_seven_seconds_with_the_table_and_the_next_apply_converges(
    walk: Walk,
) -> None:
    init_first(walk, "import time; time.sleep(30)")
    command = walk.begin("apply", "--auto-approve")
    until(lambda: walk.instance.is_dir() and (walk.instance / "server.json").is_file(), 20)
    time.sleep(0.3)
    begun = time.monotonic()

    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=20)

    assert time.monotonic() - begun < 7
    assert command.returncode == 130, out + err
    assert "laptop/service/diabetes" in out[out.index("Plan:") :]
    assert "Traceback" not in err
    walk.edit("score/score.py", "    import time; time.sleep(30)\n", "")
    assert walk.apply().code == 0
    walk.settled()


def test_kill_9_anywhere_in_an_apply_and_the_next_one_converges(walk: Walk) -> None:
    dice = random.Random(2019)  # noqa: S311  not for secrets
    for round_ in range(10):
        walk.edit("score/score.py", "import json\n", f"import json  # {round_}\n")
        command = walk.begin("apply", "--auto-approve")
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(dice.uniform(0.2, 1.1))
        with contextlib.suppress(ProcessLookupError):
            os.kill(command.pid, signal.SIGKILL)
        command.communicate()
        walk.edit("score/score.py", f"import json  # {round_}\n", "import json\n")

    answer = walk.apply("--allow-deletes", "0")

    assert answer.code == 0, answer.out + answer.err
    assert walk.plan() == NO_CHANGES
    walk.settled()

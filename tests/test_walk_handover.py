"""Another version of the server relieves the one that serves: no request is lost."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_walk_swap import Clients, changed
from walk import NO_CHANGES, REPO, Answer, Walk, kill, processes, until, walking

SLOW = "import time; time.sleep(3)"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        assert begun.apply().code == 0
        yield begun


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Another installation, of the next version."""
    folder = tmp_path / "newer"
    shutil.copytree(REPO / "mlops", folder / "mlops")  # compiled, as an installation is
    for path in (folder / "mlops" / "__init__.py", folder / "mlops" / "serving" / "__init__.py"):
        text = path.read_text(encoding="utf-8")
        assert '"0.1.0"' in text
        path.write_text(text.replace('"0.1.0"', '"0.2.0"'), encoding="utf-8")
    return folder


def with_installation(walk: Walk, newer: Path, *words: str) -> Answer:
    return walk.run(*words, environ={"PYTHONPATH": str(newer)})


def begun(walk: Walk, newer: Path) -> "subprocess.Popen[bytes]":
    """Start an apply of the newer installation; return once the newer server is on its way."""
    apply = subprocess.Popen(
        [sys.executable, "-m", "mlops", "apply", "--auto-approve"],
        cwd=walk.folder,
        env={**walk.environ, "PYTHONPATH": str(newer)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: (walk.record()["swap"] or {}).get("front"), 30)
    return apply


def settled(walk: Walk, newer: Path) -> None:
    until(lambda: len(walk.servers()) == 1, 20)
    assert with_installation(walk, newer, "plan").out == NO_CHANGES
    assert {walk.record()["pid"]: "diabetes"} == walk.servers()
    assert walk.record()["version"] == "0.2.0"


def test_a_new_version_of_the_server_loses_no_request(walk: Walk, newer: Path) -> None:
    before = walk.record()["pid"]

    with Clients(walk.port) as clients:
        answer = with_installation(walk, newer, "apply", "--auto-approve")
        time.sleep(0.3)  # the clients meet the new one alone

    assert answer.code == 0, answer.err
    assert "server  0.1.0 -> 0.2.0  config, rolling" in answer.out
    assert "rolling: no request is lost" in answer.out
    assert [] == clients.failures
    assert clients.answered > 20
    assert before not in walk.servers()
    settled(walk, newer)
    assert len(list(walk.instance.glob("code/*"))) == 1


def test_a_new_server_that_cannot_start_leaves_the_old_one_serving(walk: Walk, newer: Path) -> None:
    before = walk.record()["pid"]

    with Clients(walk.port) as clients:
        changed(walk, 'raise RuntimeError("no")')
        answer = with_installation(walk, newer, "apply", "--auto-approve")

    assert answer.code == 7
    assert "RuntimeError: no" in answer.err
    assert [] == clients.failures
    assert {before: "diabetes"} == walk.servers()
    assert (walk.record()["pid"], walk.record()["version"]) == (before, "0.1.0")


def test_an_apply_that_is_killed_during_the_hand_over_is_finished_by_the_next(
    walk: Walk, newer: Path
) -> None:
    changed(walk, SLOW)

    with Clients(walk.port) as clients:
        begun(walk, newer).kill()
        answer = with_installation(walk, newer, "apply", "--auto-approve")

    assert answer.code == 0, answer.err
    assert [] == clients.failures
    settled(walk, newer)


def test_a_successor_with_other_settings_than_wanted_is_ended(walk: Walk, newer: Path) -> None:
    changed(walk, "import time; time.sleep(300)")

    with Clients(walk.port) as clients:
        begun(walk, newer).kill()
        script = walk.folder / "score" / "score.py"
        script.write_text(script.read_text(encoding="utf-8").replace("time.sleep(300)", ""))
        answer = with_installation(walk, newer, "apply", "--auto-approve")

    assert answer.code == 0, answer.err
    assert [] == clients.failures
    settled(walk, newer)


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_server_that_is_killed_during_the_hand_over_is_mended(
    walk: Walk, newer: Path, which: str
) -> None:
    changed(walk, SLOW)
    apply = begun(walk, newer)
    record = walk.record()

    kill(record["pid"] if which == "old" else record["swap"]["front"])
    apply.wait(60)
    answer = with_installation(walk, newer, "apply", "--auto-approve", "--retry", "diabetes")

    assert answer.code == 0, answer.err
    settled(walk, newer)
    assert walk.score()


def test_a_destroy_ends_every_server_of_a_service(walk: Walk, newer: Path) -> None:
    changed(walk, "import time; time.sleep(300)")
    begun(walk, newer).send_signal(signal.SIGKILL)

    answer = walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

    assert answer.code == 0, answer.err
    until(lambda: not processes(walk.folder))

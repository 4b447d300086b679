import json
import os
from collections.abc import Iterator
from pathlib import Path

import commands
import pytest
from walk import ROW, Walk, walking

from mlops.cli import COMMANDS


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A service that every test of this module looks at, and none changes."""
    with walking(tmp_path_factory.mktemp("live")) as begun:
        assert begun.apply().code == 0
        yield begun


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_needs_nothing_that_another_imports(tmp_path: Path, name: str) -> None:
    asked = {**os.environ, "PYTHONPATH": str(commands.REPO), "PYTHONDONTWRITEBYTECODE": "1"}

    anew = commands.anew([name, "--help"], folder=tmp_path, environ=asked)

    assert (0, "") == (anew.returncode, anew.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("drift",),
        ("status",),
        ("show", "me"),
        ("history",),
        ("apply", "--auto-approve"),
        ("lock", "--nothing"),
    ],
    ids=" ".join,
)
def test_a_command_that_is_forked_says_what_one_that_starts_anew_does(
    live: Walk, words: tuple[str, ...]
) -> None:
    compared(live, *words)


def test_a_command_that_is_forked_reads_what_is_typed(live: Walk) -> None:
    typed = json.dumps({"data": [ROW]})

    compared(live, "invoke", "diabetes", "--data", "-", typed=typed)

    told = live.run("invoke", "diabetes", "--data", "-", typed=typed)
    assert live.score() == told.json


def compared(walk: Walk, *words: str, typed: str = "") -> None:
    """Run a command as a fork and as a program that starts anew; both must come to the same."""
    forked = commands.run([*words], folder=walk.folder, environ=walk.environ, typed=typed)
    anew = commands.anew([*words], folder=walk.folder, environ=walk.environ, typed=typed)

    came, expected = ((done.returncode, done.stdout, done.stderr) for done in (forked, anew))
    assert expected == came


def test_what_is_read_at_the_start_is_read(walk: Walk) -> None:
    other = walk.folder.parent / "other" / "mlops"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    (other / "__main__.py").write_text("print('another program')\n", encoding="utf-8")

    answer = walk.run("plan", environ={"PYTHONPATH": str(other.parent)})

    assert answer.out == "another program\n"


def test_the_digest_of_a_plan_knows_no_order_of_sets(walk: Walk) -> None:
    walk.add_service("extra", walk.port + 1)

    told = {walk.run("plan", environ={"PYTHONHASHSEED": seed}).out for seed in ("1", "2", "3")}

    assert 1 == len(told)
    assert "Digest: " in told.pop()

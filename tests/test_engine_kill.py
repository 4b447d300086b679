"""`kill -9` of an apply before each of its writes: the next apply converges, with no human.

Each situation is swept in parts. By default a part tries a few writes, spread evenly; with
`MLOPS_SWEEP=full` it tries every one.
"""

import atexit
import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from walk import NO_CHANGES, REPO, Answer, Walk, free_port, processes, walking

import mlops

RUNNER = Path(__file__).with_name("engine_killed.py")
PARTS = 4
TRIES = 3
"""Writes that a part tries by default."""


@functools.cache
def started(runner: Path) -> "subprocess.Popen[str]":
    """Return a process that runs commands, each in a fork of it, until this process ends."""
    process = subprocess.Popen(
        [sys.executable, str(runner)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPO), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        text=True,
    )
    atexit.register(process.communicate)
    return process


class Sweeper:
    """Applies in forks of one process, so that a try costs no start of Python."""

    def __init__(self, walk: Walk, runner: Path = RUNNER) -> None:
        self.walk = walk
        self._process = started(runner)

    def run(self, *words: str, kill: int = 0) -> Answer:
        """Run a command to its end, or to its n-th write."""
        return self._asked(words, kill)[0]

    def writes(self, *words: str) -> int:
        """Run a command to its end; return how many writes it made."""
        answer, writes = self._asked(words, 0)
        assert answer.code == 0, answer.err
        return len(writes)

    def _asked(self, words: tuple[str, ...], kill: int) -> tuple[Answer, list[str]]:
        asked = {
            "folder": str(self.walk.folder),
            "words": list(words),
            "kill": kill,
            "environ": self.walk.environ,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told: Any = json.loads(self._process.stdout.readline())
        return Answer(code=told["code"], out=told["out"], err=told["err"]), told["writes"]


@pytest.fixture
def sweeper(tmp_path: Path) -> Iterator[Sweeper]:
    with walking(tmp_path) as walk:
        yield Sweeper(walk)


APPLY = ("apply", "--auto-approve", "--json")
DELETE = (*APPLY, "--allow-deletes", "1")


def chosen(part: int, writes: int) -> list[int]:
    """Return the writes that a part tries, of as many as there are."""
    every = list(range(1 + part, writes + 1, PARTS))
    if os.environ.get("MLOPS_SWEEP") == "full":
        return every
    step = max(1, len(every) // TRIES)
    return every[part % step :: step][:TRIES]


def mended(sweeper: Sweeper, *words: str) -> None:
    """Assert that the next apply converges, and that nothing is left over."""
    answer = sweeper.run(*words)

    assert answer.code == 0, answer.out + answer.err
    assert sweeper.run("plan").out == NO_CHANGES
    walk = sweeper.walk
    services = sorted(path.name for path in walk.services.iterdir()) if _any(walk) else []
    assert services == sorted(walk.servers().values())
    assert len(processes(walk.folder)) == 2 * len(services), [
        process.cmdline() for process in processes(walk.folder)
    ]
    for name in services:
        assert leftovers(walk.services / name) == []
    environments = walk.services.parent / "environments"
    assert len(list(environments.iterdir())) == 1
    assert sweeper.run("history", "--format", "json").json[0]["result"] == "done"


def leftovers(instance: Path) -> list[str]:
    """Return what an instance folder holds and nothing uses."""
    settings = json.loads((instance / "settings.json").read_text(encoding="utf-8"))
    code = [path.name for path in (instance / "code").iterdir()]
    hidden = [path.name for path in instance.iterdir() if path.name.startswith(".")]
    hidden.remove(".state")  # by which an engine is told how the server stands
    return [name for name in code if f"code/{name}" != settings["code"]] + hidden


def _any(walk: Walk) -> bool:
    return walk.services.is_dir()


@pytest.mark.parametrize("part", range(PARTS))
def test_the_first_apply_is_killed(sweeper: Sweeper, part: int) -> None:
    writes = sweeper.writes(*APPLY)
    for number in chosen(part, writes):
        sweeper.run("destroy", "--auto-approve", "--allow-deletes", "1")
        for folder in ("targets", "store"):
            shutil.rmtree(sweeper.walk.folder / ".mlops" / folder, ignore_errors=True)

        sweeper.run(*APPLY, kill=number)

        mended(sweeper, *APPLY)


@pytest.mark.parametrize("part", range(PARTS))
def test_an_update_of_code_and_tags_is_killed(sweeper: Sweeper, part: int) -> None:
    sweeper.writes(*APPLY)
    stages = itertools.pairwise(("dev", *(f"stage-{number}" for number in range(1000))))
    change(sweeper.walk, *next(stages))
    writes = sweeper.writes(*APPLY)
    for number in chosen(part, writes):
        change(sweeper.walk, *next(stages))

        sweeper.run(*APPLY, kill=number)

        mended(sweeper, *APPLY)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_hand_over_to_another_server_is_killed(sweeper: Sweeper, part: int) -> None:
    sweeper.writes(*APPLY)
    stages = itertools.pairwise(("dev", *(f"stage-{number}" for number in range(1000))))
    change(sweeper.walk, *next(stages))
    age(sweeper.walk)
    writes = sweeper.writes(*APPLY)
    for number in chosen(part, writes):
        change(sweeper.walk, *next(stages))
        age(sweeper.walk)

        sweeper.run(*APPLY, kill=number)

        mended(sweeper, *APPLY)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_delete_is_killed(sweeper: Sweeper, part: int) -> None:
    port = free_port()
    walk = sweeper.walk
    walk.add_service("extra", port)
    sweeper.writes(*APPLY)
    walk.drop_service("extra")
    writes = sweeper.writes(*DELETE)
    for number in chosen(part, writes):
        walk.add_service("extra", port)
        assert sweeper.run(*APPLY).code == 0
        walk.drop_service("extra")

        sweeper.run(*DELETE, kill=number)

        mended(sweeper, *DELETE)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rename_on_the_same_port_is_killed(sweeper: Sweeper, part: int) -> None:
    port = free_port()
    walk = sweeper.walk
    names = itertools.pairwise(f"extra-{number}" for number in range(1000))
    walk.add_service("extra-0", port)
    sweeper.writes(*APPLY)
    rename(walk, *next(names))
    writes = sweeper.writes(*APPLY)
    for number in chosen(part, writes):
        rename(walk, *next(names))

        sweeper.run(*APPLY, kill=number)

        mended(sweeper, *APPLY)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rotation_of_a_key_is_killed(sweeper: Sweeper, part: int) -> None:
    sweeper.walk.edit("mlops.yaml", "    checks:", "    auth: {type: key}\n    checks:")
    sweeper.writes(*APPLY)
    rotation = ("keys", "diabetes", "--rotate", "primary", "--auto-approve", "--format", "json")
    told = [sweeper.run(*rotation).json["primary"]]
    writes = sweeper.writes(*rotation)
    for number in chosen(part, writes):
        sweeper.run(*rotation, kill=number)
        mended(sweeper, *APPLY)

        told.append(sweeper.run(*rotation).json["primary"])

        assert sweeper.run("plan").out == NO_CHANGES
    assert len(told) == len(set(told))


def rename(walk: Walk, old: str, new: str) -> None:
    """Give the added service another name, and say so."""
    lines = walk.spec.read_text(encoding="utf-8").splitlines(keepends=True)
    (line,) = [line for line in lines if line.startswith(f"  {old}: {{")]
    rest = line.partition("target: ")[2]
    lines[lines.index(line)] = f"  {new}: {{renamed_from: {old}, target: {rest}"
    walk.spec.write_text("".join(lines), encoding="utf-8")


def change(walk: Walk, old: str, new: str) -> None:
    """Change the tag and the code."""
    walk.edit("mlops.yaml", f"stage: {old}", f"stage: {new}")
    script = walk.folder / "score" / "score.py"
    script.write_text(script.read_text(encoding="utf-8") + f"# {new}\n", encoding="utf-8")


def age(walk: Walk) -> None:
    """Let the server be of an older version than ours."""
    path = walk.instance / "server.json"
    text = path.read_text(encoding="utf-8")
    assert mlops.__version__ in text
    path.write_text(text.replace(mlops.__version__, "0.0.1"), encoding="utf-8")

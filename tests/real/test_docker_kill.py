"""`kill -9` of an apply at each call that changes something at an engine or a registry.

By default a situation tries a few of its calls; with `MLOPS_SWEEP=full` it tries every one.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker_engine
import pytest
import registry
from docker_walk import LOOKED, DockerWalk, by_way_of, docker_walking
from test_engine_kill import Sweeper
from walk import NO_CHANGES

RUNNER = Path(__file__).parents[1] / "engine_killed_docker.py"
APPLY = ("apply", "--auto-approve", "--json")
DESTROY = ("destroy", "--auto-approve", "--json", "--allow-deletes", "1")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with docker_engine.base() as name:
        yield name


@pytest.fixture
def user(tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerWalk]:
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    with docker_walking(tmp_path, base) as begun:
        yield begun


@pytest.fixture
def sweeper(user: DockerWalk) -> Sweeper:
    return Sweeper(user.walk, RUNNER)


def chosen(calls: int, tries: int) -> list[int]:
    """Return the calls that are tried, of as many as there are: by default a few, spread evenly."""
    every = list(range(1, calls + 1))
    if os.environ.get("MLOPS_SWEEP") == "full":
        return every
    step = max(1, calls // tries)
    return every[step // 2 :: step][:tries]


def mended(user: DockerWalk, sweeper: Sweeper, number: int) -> None:
    """Assert that the next apply converges, and that nothing is left over."""
    answer = sweeper.run(*APPLY)

    assert answer.code == 0, (number, answer.out + answer.err)
    user.settled()
    assert [] == looked(user.project)


def looked(project: str) -> list[str]:
    """Return the containers that were made to look into a base, and left."""
    labels = [f"{LOOKED}=mlops/{project}"]
    found = docker_engine.client().containers(all=True, filters={"label": labels})
    return [str(one["Names"]) for one in found]


def test_the_first_apply_is_killed(user: DockerWalk, sweeper: Sweeper) -> None:
    calls = sweeper.writes(*APPLY)
    for number in chosen(calls, 1):
        assert sweeper.run(*DESTROY).code == 0
        forget(user)

        sweeper.run(*APPLY, kill=number)

        mended(user, sweeper, number)


def forget(user: DockerWalk) -> None:
    """Take away what a store remembers of bases and layers, and what it stores."""
    shutil.rmtree(user.walk.folder / ".mlops", ignore_errors=True)


def test_an_update_of_code_is_killed(user: DockerWalk, sweeper: Sweeper) -> None:
    user.apply()
    append(user, "# first\n")
    calls = sweeper.writes(*APPLY)
    for number in chosen(calls, 2):
        append(user, f"# {number}\n")

        sweeper.run(*APPLY, kill=number)

        mended(user, sweeper, number)


def append(user: DockerWalk, line: str) -> None:
    """Change the code."""
    script = user.walk.folder / "score" / "score.py"
    script.write_text(script.read_text(encoding="utf-8") + line, encoding="utf-8")


@registry.needs_registry
def test_an_update_of_a_model_that_is_pushed_is_killed(
    user: DockerWalk, sweeper: Sweeper, base: str, tmp_path: Path
) -> None:
    with registry.running(tmp_path / "registry", password=True) as running:
        by_way_of(user, running, base)
        assert sweeper.run(*APPLY).code == 0
        grow(user)
        calls = sweeper.writes(*APPLY)
        for number in chosen(calls, 2):
            grow(user)

            sweeper.run(*APPLY, kill=number)

            answer = sweeper.run(*APPLY)
            assert answer.code == 0, (number, answer.out + answer.err)
            assert sweeper.run("plan").out == NO_CHANGES
            names = [one["Names"] for one in docker_engine.containers(user.project)]
            assert [[f"/{user.project}-diabetes"]] == names
            assert 1 == len(docker_engine.volumes(user.project))
            assert 1 == len(docker_engine.images(user.project))
        assert sweeper.run(*DESTROY).code == 0


def grow(user: DockerWalk) -> None:
    """Change the model."""
    path = user.walk.folder / "model" / "coefficients.json"
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")


def test_a_removal_is_killed(user: DockerWalk, sweeper: Sweeper) -> None:
    user.apply()
    calls = sweeper.writes(*DESTROY)
    for number in chosen(calls, 1):
        user.apply()

        sweeper.run(*DESTROY, kill=number)

        answer = sweeper.run(*DESTROY)
        assert answer.code == 0, (number, answer.out + answer.err)
        left = (docker_engine.containers, docker_engine.volumes, docker_engine.images)
        assert [[], [], []] == [look(user.project) for look in left], number

"""Packages without a wheel: built in a container of a real engine, and nowhere else."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker_engine
import pytest
import registry
from docker_walk import DockerWalk, by_way_of, docker_walking
from source_package import source, steps
from walk import NO_CHANGES

SCRIPT = """
import mlops_tiny_source
def init():
    pass
def run(data):
    return mlops_tiny_source.TOLD
"""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with docker_engine.base() as name:
        yield name


@pytest.fixture
def user(tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerWalk]:
    links = tmp_path / "links"
    links.mkdir()
    made = steps(source(links), source(links, "2.0"))
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    monkeypatch.setenv("OUR_TOKEN", "sesame-5f1c")
    with docker_walking(tmp_path, base) as begun:
        folder, spec = begun.walk.folder, begun.walk.spec
        (folder / "score" / "extra.dockerfile").write_text(made)
        (folder / "score" / "score.py").write_text(SCRIPT)
        text = spec.read_text().partition("    checks:")[0]
        line = "    entry_script: score.py\n"
        spec.write_text(text.replace(line, f"{line}    extra_dockerfile_steps: extra.dockerfile\n"))
        yield begun


def requires(user: DockerWalk, line: str) -> None:
    (user.walk.folder / "score" / "requirements.txt").write_text(f"{line}\n")


def told(user: DockerWalk) -> Any:
    """Return what a package tells of where it was built."""
    return json.loads(user.walk.run("invoke", "diabetes", "-d", "{}").out)


def building() -> list[str]:
    """Return the containers that something is built in."""
    found = docker_engine.client().containers(all=True, filters={"name": ["mlops-build-"]})
    return [str(one["Names"]) for one in found]


def test_what_has_no_wheel_is_built_in_a_container_as_nobody_and_told_no_secret(
    user: DockerWalk,
) -> None:
    requires(user, "mlops-tiny-source==2.0")
    broken = user.walk.apply()
    requires(user, "mlops-tiny-source==1.0")
    user.apply()

    found = told(user)
    assert 7 == broken.code
    assert "a package has no wheel, and can't be built from source: " in broken.err
    assert "| " in broken.err
    assert "tiny source says why" in broken.err
    assert (1000, True) == (found["user"], found["host"] != socket.gethostname())
    assert "sesame-5f1c" not in json.dumps(found)
    assert NO_CHANGES == user.walk.plan()
    assert [] == building()


@registry.needs_registry
def test_an_image_of_a_repository_holds_what_the_engine_built(
    user: DockerWalk, base: str, tmp_path: Path
) -> None:
    requires(user, "mlops-tiny-source==1.0")
    (tmp_path / "registry").mkdir()
    with registry.running(tmp_path / "registry", password=True) as running:
        by_way_of(user, running, base)

        user.apply()

        assert 1000 == told(user)["user"]
        assert [] == building()
        user.walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

"""Packages without a wheel: built in a container of a real engine, and nowhere else."""

import io
import json
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compiler
import docker_engine
import pytest
import registry
from base_image import add
from docker_walk import LOOKED, DockerWalk, by_way_of, docker_walking
from source_package import in_c, source, steps
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


def building(user: DockerWalk) -> list[str]:
    """Return the containers that something is built in for a project."""
    found = docker_engine.client().containers(all=True, filters={"label": [LOOKED]})
    return [str(one["Names"]) for one in found if one["Labels"][LOOKED].endswith(user.project)]


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
    assert [] == building(user)


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
        assert [] == building(user)
        user.walk.run("destroy", "--auto-approve", "--allow-deletes", "1")


TWICE = """
try:
    from mlops_tiny_c import twice
except ImportError:
    twice = None
def init():
    pass
def run(data):
    return twice(21) if twice else "without"
"""
SETUPTOOLS = "/opt/setuptools"


def laid(file: Path) -> bytes:
    """Return the tar of a source distribution where the pip of a base finds it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        add(tar, f"opt/sources/{file.name}", file.read_bytes())
        add(tar, "etc/pip.conf", b"[global]\nno-index = true\nfind-links = /opt/sources\n")
    return out.getvalue()


def test_an_extension_in_c_needs_a_base_with_a_compiler_and_what_serves_goes_on_without(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = tmp_path / "links"
    links.mkdir()
    archives = [laid(in_c(links, SETUPTOOLS)), compiler.setuptools(tmp_path / "tools", SETUPTOOLS)]
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    with (
        docker_engine.upon(base, *archives) as slim,
        docker_engine.upon(slim, compiler.compiler()) as full,
        docker_walking(tmp_path, slim) as user,
    ):
        (user.walk.folder / "score" / "score.py").write_text(TWICE)
        user.walk.spec.write_text(user.walk.spec.read_text().partition("    checks:")[0])
        user.apply()
        requires(user, "mlops-tiny-c==1.0")

        broken = user.walk.apply()
        without = told(user)
        user.walk.edit("mlops.yaml", slim, full)
        user.apply()

        assert 7 == broken.code
        assert "from source: the base image has no compiler `gcc`\nhint: " in broken.err
        assert "use a `base_image` with a compiler" in broken.err
        assert "|       error: command 'gcc' failed: No such file or directory" in broken.err
        assert "without" == without
        assert 42 == told(user)
        assert NO_CHANGES == user.walk.plan()
        assert [] == building(user)

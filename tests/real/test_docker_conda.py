"""Conda on a real Docker engine: its packages upon a base without a Python, its Python for us."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import docker_engine
import pytest
from base_image import VERSION, Interpreter
from conda_channel import Channel, serving, usual
from docker_walk import DockerWalk, docker_walking
from serving_environments import interpreter

SCRIPT = """
import sys
import greeting, markupsafe


def init():
    pass


def run(data):
    names = [sys.executable, sys.base_prefix, greeting.__file__, markupsafe.__file__]
    with open(sys.base_prefix + "/etc/native.conf") as file:
        return [*names, file.read()]
"""

CONDA = """\
channels: [conda-forge]
dependencies:
  - greeting
  - pip:
    - greeting>=1.5
    - markupsafe==3.0.2
"""

OLD = "3.6"
"""What v1's page serves with: `python=3.6.2`."""


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    docker_engine.client()  # skips before anything is made
    pytest.importorskip("rattler", reason="py-rattler is not installed")
    with serving(tmp_path_factory.mktemp("channel"), *usual()) as found:
        yield found


@pytest.fixture(autouse=True)
def reached(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", channel.alias)
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())


def with_conda(user: DockerWalk, text: str = CONDA) -> None:
    (user.walk.folder / "score" / "environment.yml").write_text(text)
    user.walk.edit("mlops.yaml", "requirements: requirements.txt", "conda_file: environment.yml")


def score(user: DockerWalk) -> Any:
    with urlopen(f"http://127.0.0.1:{user.walk.port}/score", data=b"{}", timeout=10) as told:
        return json.loads(told.read())


def test_conda_packages_serve_upon_a_base_without_a_python(tmp_path: Path) -> None:
    with docker_engine.base(bare=True) as base, docker_walking(tmp_path, base) as user:
        with_conda(user)
        (user.walk.folder / "score" / "score.py").write_text(SCRIPT)
        spec = user.walk.spec.read_text()
        user.walk.spec.write_text(spec[: spec.index("    # Asked after")])

        user.apply()

        conda, ours = "/opt/conda-packages", "/opt/environment"
        packages = f"lib/python{VERSION}/site-packages"
        assert [
            *(f"{ours}/bin/python", conda, f"{conda}/{packages}/greeting/__init__.py"),
            *(f"{ours}/{packages}/markupsafe/__init__.py", f"root={conda}/share\n"),
        ] == score(user)
        assert f"CONDA_PREFIX={conda}" in user.main["Config"]["Env"]
        user.settled()
        assert "hello from /opt/conda-packages" in ran(user, f"{conda}/bin/greet")


def ran(user: DockerWalk, *words: str) -> str:
    """Return what a command prints in the container of the service."""
    api = docker_engine.client()
    return str(api.exec_start(api.exec_create(user.main["Id"], list(words))["Id"]).decode())


def test_the_server_brings_a_python_of_its_own_where_the_bases_is_old(tmp_path: Path) -> None:
    old = Interpreter(version=OLD, prefix=interpreter(OLD).parents[1])
    with docker_engine.base(python=old) as base, docker_walking(tmp_path, base) as user:
        with_conda(user, f"dependencies: [python={OLD}.2, {{pip: [markupsafe==2.0.1]}}]\n")
        (user.walk.folder / "score" / "score.py").write_text(
            "import sys, markupsafe\n\n\ndef init():\n    pass\n\n\n"
            "def run(data):\n    return [sys.version_info[1], markupsafe.__version__]\n"
        )
        spec = user.walk.spec.read_text()
        user.walk.spec.write_text(spec[: spec.index("    # Asked after")])

        user.apply()

        assert [int(OLD.partition(".")[2]), "2.0.1"] == score(user)
        front = ran(user, "/opt/mlops/bin/python", "-c", "import sys; print(sys.base_prefix)")
        assert "/opt/mlops-python\n" == front
        user.settled()


def test_what_conda_cannot_find_is_told_at_its_line(tmp_path: Path) -> None:
    with docker_engine.base(bare=True) as base, docker_walking(tmp_path, base) as user:
        with_conda(user, "dependencies:\n  - greeting\n  - greting>=2\n")

        user.walk.apply()  # registers the model

        answer = user.walk.apply()

        assert 6 == answer.code
        told = answer.out + answer.err
        assert "score/environment.yml:3:" in told
        assert "no channel has the conda package `greting >=2` for `linux/amd64`" in told
        assert "`greeting`" in told

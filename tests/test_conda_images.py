"""Images with conda packages, made without an engine: locked, written, pushed, packaged."""

import io
import json
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import docker_engine
import pytest
from base_image import VERSION, base_tar
from conda_channel import Channel, File, Package, serving, usual
from registry import Registry, needs_registry, push, push_index, repository, running
from test_cli_package import CERTIFICATES, PROGRAM
from test_images_base import GLIBC, layer
from walk import Walk, free_port, until, walking

from mlops.hashing import digest_file

pytestmark = needs_registry

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
CONDA = "dependencies:\n  - greeting=1.5\n  - python=3.11\n  - pip:\n    - markupsafe==3.0.2\n"
SCRIPT = """
import sys, greeting, markupsafe
def init(): pass
def run(data): return [sys.base_prefix, greeting.__file__, markupsafe.__version__]
"""
MACHINES = {b">\0": "amd64", b"\xb7\0": "arm64"}


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    pytest.importorskip("rattler", reason="py-rattler is not installed")
    with serving(tmp_path_factory.mktemp("channel"), *usual()) as found:
        yield found


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("registry")
    with running(folder) as found:
        place = repository(found, "team/base")
        tar = base_tar(bare=True)
        amd = push(place, "amd", tar, diff=f"sha256:{digest_file(tar, None)[1]}")
        files = {"usr/lib/aarch64-linux-gnu/libc.so.6": GLIBC}
        arm = push(place, "arm", layer(folder, "arm.tar", files), architecture="arm64")
        push_index(place, "bare", {"amd64": amd, "arm64": arm})
        yield found
        docker_engine.forget(found.host)


@pytest.fixture
def walk(
    tmp_path: Path, registry: Registry, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Walk]:
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", channel.alias)
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    with walking(tmp_path) as begun:
        base = f"{registry.host}/team/base:bare"
        begun.edit("mlops.yaml", "    entry_script", f"    base_image: {base}\n    entry_script")
        place = f"{registry.host}/{uuid.uuid4().hex[:8]}/diabetes"
        begun.edit("mlops.yaml", "{kind: process}", f"{{kind: docker, repository: '{place}'}}")
        begun.edit("mlops.yaml", "requirements: requirements.txt", "conda_file: environment.yml")
        begun.spec.write_text(begun.spec.read_text().partition("    # Asked after")[0])
        (begun.folder / "score" / "environment.yml").write_text(CONDA)
        yield begun


def done(walk: Walk, *words: str) -> str:
    answer = walk.run(*words, environ=NO_ENGINE)
    assert answer.code == 0, answer.err
    return answer.out


def layers(archive: Path) -> dict[str, dict[str, bytes | str]]:
    """Return the layers of an image in a file, the base's left out: by the history of each."""
    found: dict[str, dict[str, bytes | str]] = {}
    with tarfile.open(archive) as whole:

        def read(name: str) -> bytes:
            file = whole.extractfile(name)
            assert file is not None
            return file.read()

        told = json.loads(read("manifest.json"))[0]
        config = json.loads(read(told["Config"]))
        made = [one["created_by"] for one in config["history"]]
        for words, place in zip(made, told["Layers"], strict=True):
            if words.startswith("mlops "):
                with tarfile.open(fileobj=io.BytesIO(read(place))) as tar:
                    found[words] = dict(_members(tar))
    return found


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes | str]]:
    for member in tar:
        data = tar.extractfile(member) if member.isfile() else None
        yield member.name, data.read() if data else member.linkname


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_an_image_for_either_platform_is_written_to_a_file(walk: Walk, platform: str) -> None:
    done(walk, "image", "build", "diabetes", "-o", "image.tar", "--platform", platform)

    found = layers(walk.folder / "image.tar")
    conda, ours = found["mlops conda"], found["mlops environment"]
    library = bytes(conda["opt/conda-packages/lib/libnative.so.2"])  # type: ignore[arg-type]
    assert platform == f"linux/{MACHINES[library[18:20]]}"
    assert b"/opt/conda-packages/share/native\0" in library
    assert b"root=/opt/conda-packages/share\n" == conda["opt/conda-packages/etc/native.conf"]
    assert "/opt/conda-packages/bin/python3.11" == ours["opt/environment/bin/python"]
    config = bytes(ours["opt/environment/pyvenv.cfg"])  # type: ignore[arg-type]
    assert b"home = /opt/conda-packages/bin\n" in config
    assert [name for name in ours if name.endswith("site-packages/markupsafe/__init__.py")]
    assert not [name for name in ours if "greeting" in name]


def test_the_server_has_a_python_of_its_own_where_condas_is_old(
    walk: Walk, channel: Channel
) -> None:
    old = File(data=b"\x7fELF", executable=True)
    files = {"bin/python3.6": old, "lib/python3.6/os.py": File(data=b"")}
    channel.add(Package(name="python", version="3.6.15", build="h0", files=files))
    (walk.folder / "score" / "environment.yml").write_text(
        "dependencies: [native, python=3.6.15]\n"
    )

    done(walk, "image", "build", "diabetes", "-o", "image.tar")

    found = layers(walk.folder / "image.tar")
    assert "opt/conda-packages/bin/python3.6" in found["mlops conda"]
    assert (
        "/opt/conda-packages/bin/python3.6"
        == found["mlops environment"]["opt/environment/bin/python"]
    )
    assert f"opt/mlops-python/bin/python{VERSION}" in found["mlops python"]
    server = found["mlops server"]
    assert f"/opt/mlops-python/bin/python{VERSION}" == server["opt/mlops/bin/python"]
    assert [name for name in server if name.endswith("site-packages/uvloop/__init__.py")]


def test_what_is_locked_is_made_on_every_machine_alike(walk: Walk, tmp_path: Path) -> None:
    done(walk, "lock", "--platform", "linux/amd64", "--platform", "linux/arm64")

    text = (walk.folder / "mlops.lock").read_text()
    assert '"name": "greeting", "version": "1.5"' in text
    assert text.count("conda: |") == 2
    assert "mlops.lock: nothing changed." in done(walk, "lock")
    first = done(walk, "image", "push", "diabetes")
    shutil.rmtree(walk.folder / ".mlops")
    shutil.rmtree(tmp_path / "cache")
    place = f"{first.partition('/')[0]}/elsewhere/diabetes"
    second = done(walk, "image", "push", "diabetes", "--repository", place)
    assert first.partition("@")[2] == second.partition("@")[2]


def test_the_packaged_folder_built_by_hand_serves(walk: Walk) -> None:
    api = docker_engine.client()
    (walk.folder / "score" / "score.py").write_text(SCRIPT)
    unlocked = walk.run("package", "diabetes", "-o", "out", environ=NO_ENGINE)
    done(walk, "lock")
    done(walk, "package", "diabetes", "-o", "out")
    name, port = f"mlops-tests/packaged:{uuid.uuid4().hex[:12]}", free_port()

    words = [PROGRAM, "build", "-q", "-t", name, "--build-arg", CERTIFICATES, "out"]
    built = subprocess.run(words, cwd=walk.folder, capture_output=True, text=True, check=False)

    assert 1 == unlocked.code
    assert "run `mlops lock` first" in unlocked.err
    assert 0 == built.returncode, built.stderr + built.stdout
    host = api.create_host_config(port_bindings={5001: ("127.0.0.1", port)})
    made = api.create_container(name, ports=[5001], host_config=host)
    try:
        api.start(made["Id"])
        until(lambda: score(port) or ended(made["Id"]), 60)
        assert "" == ended(made["Id"])
        assert ["/opt/conda-packages", "3.0.2"] == score(port)[::2]
    finally:
        api.remove_container(made["Id"], force=True)
        api.remove_image(name, force=True)


def ended(container: str) -> str:
    """Return what a container said that runs no more; empty while it does."""
    api = docker_engine.client()
    running = api.inspect_container(container)["State"]["Running"]
    return "" if running else api.logs(container).decode()


def score(port: int) -> Any:
    try:
        with urlopen(f"http://127.0.0.1:{port}/score", data=b"{}", timeout=5) as told:
            return json.loads(told.read())
    except OSError:
        return None


def test_a_process_has_no_conda_packages(walk: Walk) -> None:
    text = walk.spec.read_text()
    place = text.index("{kind: docker")
    walk.spec.write_text(f"{text[:place]}{{kind: process}}{text[text.index('}', place) + 1 :]}")

    answer = walk.run("plan")

    assert 1 == answer.code
    assert "score/environment.yml:2:5: a process has no conda packages" in answer.err

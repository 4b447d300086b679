"""`mlops package`: a folder that Docker builds by hand, and that serves; never a secret in it."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import docker_engine
import pytest
from walk import Walk, free_port, until, walking

CERTIFICATES = "PIP_CERT=/etc/ssl/certs/ca-certificates.crt"
PROGRAM = shutil.which("docker") or "docker"
SCRIPT = """
import json, os
import markupsafe
def init(): pass
def run(data):
    return {"token": os.environ["TOKEN"], "escaped": str(markupsafe.escape(json.loads(data)))}
"""


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def with_secret(walk: Walk) -> None:
    """Let the starter's service serve a script that needs a package and a secret."""
    (walk.folder / "score" / "score.py").write_text(SCRIPT)
    (walk.folder / "score" / "requirements.txt").write_text("markupsafe==3.0.2\n")
    variables = "environment_variables: {TOKEN: {secret: env/PACKAGED_TOKEN}, LEVEL: info}"
    walk.edit(
        "mlops.yaml",
        "requirements: requirements.txt",
        f"requirements: requirements.txt\n    {variables}",
    )
    kept, _, _ = walk.spec.read_text().partition("    # Asked after every change")
    walk.spec.write_text(kept)


def test_a_folder_is_written_without_a_secret_in_it(walk: Walk) -> None:
    with_secret(walk)

    answer = walk.run("package", "diabetes", "-o", "out", environ={"PACKAGED_TOKEN": "hush-hush"})

    out = walk.folder / "out"
    written = [path for path in out.rglob("*") if path.is_file()]
    assert answer.code == 0, answer.err
    assert f"out: {len(written)} files. Next: docker build -t diabetes out\n" == answer.out
    assert not [path for path in written if b"hush-hush" in path.read_bytes()]
    assert " -e TOKEN " in (out / "README.md").read_text()
    assert '"LEVEL": "info"' in (out / "instance" / "settings.json").read_text()


def test_a_folder_of_others_is_left_alone(walk: Walk) -> None:
    answer = walk.run("package", "diabetes", "-o", "score")

    assert answer.code == 1
    assert answer.err.startswith("error: the folder `score` is not empty\n")


def test_a_service_that_the_file_has_not_is_told(walk: Walk) -> None:
    answer = walk.run("package", "diabtes", "-o", "out")

    assert answer.code == 1
    assert "no deployment `diabtes`" in answer.err
    assert "did you mean `diabetes`" in answer.err


def test_the_folder_built_by_hand_serves(walk: Walk) -> None:
    with docker_engine.base() as base, named() as image:
        with_secret(walk)
        walk.edit("mlops.yaml", "    entry_script", f"    base_image: {base}\n    entry_script")
        answer = walk.run("package", "diabetes", "-o", "out")
        assert answer.code == 0, answer.err

        docker("build", "--force-rm", "-t", image, "--build-arg", CERTIFICATES, "out", at=walk)
        port = free_port()
        words = ("-e", "TOKEN=by hand", "-p", f"127.0.0.1:{port}:5001", "--name", image)
        docker("run", "-d", *words, image, at=walk)
        ready = f"http://127.0.0.1:{port}/readyz"
        until(lambda: answers(ready), seconds=60)

        with urlopen(f"http://127.0.0.1:{port}/score", data=b'"<a>"', timeout=10) as told:
            assert told.read() == b'{"token": "by hand", "escaped": "&lt;a&gt;"}'


def test_the_folder_built_by_hand_serves_from_a_root_that_cannot_be_written_to(walk: Walk) -> None:
    with docker_engine.base() as base, named() as image:
        with_secret(walk)
        walk.edit("mlops.yaml", "    entry_script", f"    base_image: {base}\n    entry_script")
        answer = walk.run("package", "diabetes", "-o", "out")
        assert answer.code == 0, answer.err
        docker("build", "--force-rm", "-t", image, "--build-arg", CERTIFICATES, "out", at=walk)
        port = free_port()
        given = ("-e", "TOKEN=by hand", "-p", f"127.0.0.1:{port}:5001", "--name", image)

        refused = subprocess.run(
            [PROGRAM, "run", "--rm", "--read-only", image],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        words = refused.stderr.partition("docker run ")[2].removesuffix(" ...\n")
        docker("run", "-d", *words.split(), *given, image, at=walk)
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), seconds=60)

        assert refused.returncode == 1
        assert refused.stderr == (
            "/var/azureml-app cannot be written to: Read-only file system\ngive it a volume there:"
            " docker run --read-only --tmpfs /tmp -v /var/azureml-app ...\n"
        )
        assert words.removeprefix("--read-only ") in (walk.folder / "out" / "README.md").read_text()
        with urlopen(f"http://127.0.0.1:{port}/score", data=b'"<a>"', timeout=10) as told:
            assert told.read() == b'{"token": "by hand", "escaped": "&lt;a&gt;"}'


@contextmanager
def named() -> Iterator[str]:
    """Name an image and a container; remove both at the end."""
    name = f"mlops-tests-package-{uuid.uuid4().hex[:12]}"
    try:
        yield name
    finally:
        for words in (("rm", "-f", "-v", name), ("rmi", "-f", name)):
            subprocess.run([PROGRAM, *words], capture_output=True, check=False)


def docker(*words: str, at: Walk) -> None:
    """Run Docker's own program, whose builder is the classic one."""
    done = subprocess.run(
        [PROGRAM, *words],
        cwd=at.folder,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def answers(address: str) -> bool:
    """Tell whether an address answers 200."""
    try:
        with urlopen(address, timeout=2) as told:  # noqa: S310  our own address
            return bool(told.status == 200)
    except OSError:
        return False

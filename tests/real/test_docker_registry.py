"""Services of an engine whose images go by way of a registry with a password."""

import hashlib
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docker_engine
import pytest
import registry
from docker_walk import DockerWalk, by_way_of, docker_walking, put_right_after_a_commit
from test_models_url import Answer, Server
from walk import NO_CHANGES

pytestmark = registry.needs_registry

CHANGING = ("DELETE", "PATCH", "POST", "PUT")
READ = ("attach", "exec_", "health_status", "mount", "top", "unmount")
"""Events of looks: a volume is mounted to see how old its files are, and a health check runs."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[registry.Registry]:
    folder = tmp_path_factory.mktemp("registry")
    with registry.running(folder, password=True) as begun:
        yield begun


@pytest.fixture
def user(
    tmp_path: Path, running: registry.Registry, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DockerWalk]:
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    with docker_walking(tmp_path, "nothing") as begun:
        by_way_of(begun, running, "nothing")
        yield begun
        begun.walk.run("destroy", "--auto-approve", "--allow-deletes", "1")


def test_a_wrong_password_ends_at_once_and_what_served_still_does(user: DockerWalk) -> None:
    password = user.walk.folder / "password"
    password.write_text("hunter2-hunter2")

    first = user.walk.apply()
    password.write_text(registry.PASSWORD)
    user.apply()
    served = user.main["Id"]
    user.walk.edit("score/score.py", "import json", "import json  # changed")
    password.write_text("hunter2-hunter2")
    second = user.walk.apply()

    assert (7, 6) == (first.code, second.code)  # the model was registered first
    for answer in (first, second):
        assert "does not accept who we are" in answer.err
        assert "hunter2" not in answer.err + answer.out
    assert served == user.main["Id"]
    assert [205.826] == pytest.approx(user.walk.score(), abs=0.001)


def test_a_model_behind_an_address_is_fetched_once_and_served_without_it_from_then_on(
    user: DockerWalk,
) -> None:
    body = (user.walk.folder / "model" / "coefficients.json").read_bytes()
    shutil.rmtree(user.walk.folder / "model")
    with Server(Answer(body=body)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        digest = hashlib.sha256(body).hexdigest()
        address = f"url: {server.url}/coefficients.json\n    sha256: {digest}"
        user.walk.edit("mlops.yaml", "path: model/coefficients.json", address)
        user.apply()
        server.shutdown()
    user.walk.edit("score/score.py", "import json", "import json  # changed")

    user.apply()

    assert [("/coefficients.json", None)] == server.asked
    assert [205.826] == pytest.approx(user.walk.score(), abs=0.001)


def test_words_and_an_apply_of_nothing_change_nothing_at_the_engine_or_the_registry(
    user: DockerWalk, running: registry.Registry
) -> None:
    user.apply()
    user.walk.edit("mlops.yaml", "stage: dev", "stage: prod")
    time.sleep(1)  # events are told by the second
    begun, calls = int(time.time()), len(running.calls(*CHANGING))

    tagged = user.apply()
    nothing = user.walk.apply()

    assert "1 done" in tagged
    assert NO_CHANGES == nothing.out
    assert [] == changes(user.project, begun)
    assert calls == len(running.calls(*CHANGING))


def test_an_image_that_was_committed_under_the_name_of_ours_is_put_right(
    user: DockerWalk,
) -> None:
    user.apply()

    put_right_after_a_commit(user)


def changes(project: str, since: int) -> list[str]:
    """Return what changed since a second at whatever bears the name of a project."""
    told = docker_engine.client().events(since=since, until=int(time.time()) + 1, decode=True)
    return [
        str(one["Action"])
        for one in told
        if project in str(one["Actor"]) and not str(one["Action"]).startswith(READ)
    ]


@pytest.mark.skipif(shutil.which("mount") is None, reason="no mount")
def test_a_registry_without_room_is_told_and_found_again_once_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=112m", "tmpfs", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        with (
            registry.running(folder, password=True) as small,
            docker_walking(tmp_path, "nothing") as user,
        ):
            by_way_of(user, small, "nothing")
            fill(folder / "fill")

            full = user.walk.apply()
            (folder / "fill").unlink()
            user.apply()

            assert 7 == full.code  # the model was registered
            assert "no space left on device" in full.err
            assert "make room in the registry" in full.err
            assert user.walk.plan() == NO_CHANGES
            user.walk.run("destroy", "--auto-approve", "--allow-deletes", "1")
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607  wherever it lies


def fill(path: Path) -> None:
    """Write until there is no more room."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass

"""Engines of other machines: reached by TLS with a certificate of ours, dead, killed under us."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import docker_engine
import pytest
import second_engine
from docker_walk import DockerWalk, docker_walking
from second_engine import BASE, SecondEngine
from walk import NO_CHANGES, until


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    docker_engine.client()
    with second_engine.running(tmp_path_factory.mktemp("second")) as begun:
        yield begun


@pytest.fixture
def user(
    engine: SecondEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DockerWalk]:
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    monkeypatch.setenv("DOCKER_CONFIG", str(engine.contexts))
    with docker_walking(tmp_path, BASE) as begun:
        monkeypatch.setenv("DOCKER_CONTEXT", "lab")
        yield begun


def test_only_who_has_a_certificate_is_let_in_and_each_refusal_is_a_sentence(
    user: DockerWalk, engine: SecondEngine, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(engine.folder / "ca.pem", alone)
    by_hand = {"DOCKER_HOST": engine.address, "DOCKER_TLS_VERIFY": "1"}

    known = user.walk.run("plan")
    told = [
        user.walk.run("plan", environ=environ)
        for environ in (
            {"DOCKER_CONTEXT": "bare"},
            {"DOCKER_CONTEXT": "none"},
            {**by_hand, "DOCKER_CERT_PATH": str(alone)},
            {**by_hand, "DOCKER_CERT_PATH": str(tmp_path)},
        )
    ]

    assert (0, True) == (known.code, "+ laptop/service/diabetes" in known.out)
    words = (
        "speaks TLS alone",
        "this machine has no Docker context `none`",
        "it takes no certificate of ours",
        "no `ca.pem` in",
    )
    for answer, word in zip(told, words, strict=True):
        said = " ".join((answer.err + answer.out).split())
        assert (6, True) == (answer.code, word in said), said
        assert "Traceback" not in answer.err


def test_an_engine_that_is_killed_is_told_at_once_and_the_next_apply_goes_on(
    user: DockerWalk, engine: SecondEngine
) -> None:
    begun = user.walk.begin("apply", "--auto-approve")
    until(lambda: _made(user, engine), 60)
    engine.kill()
    killed = time.monotonic()

    _, err = begun.communicate(timeout=60)
    ended = time.monotonic() - killed
    engine.start()
    user.apply()

    assert (7, True) == (begun.returncode, "no Docker engine answers at" in err)
    assert ended < 15
    assert NO_CHANGES == user.walk.plan()
    assert [205.826] == pytest.approx(user.walk.score(), abs=0.001)
    assert 1 == len(engine.client().containers(all=True))


def _made(user: DockerWalk, engine: SecondEngine) -> bool:
    """Tell whether a container of the service was made."""
    with contextlib.suppress(Exception):
        filters = {"label": [f"mlops.project={user.project}"]}
        return bool(engine.client().containers(all=True, filters=filters))
    return False

"""Engines of other machines by ssh: the whole life of a service, and each refusal in seconds."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker_engine
import pytest
import ssh_daemon
from docker_walk import DockerWalk, docker_walking
from ssh_daemon import SshDaemon
from walk import NO_CHANGES, ROW, Answer, until

from mlops.clients.docker.wire import Wire

CALLS = 24
"""More than twice as many as an sshd lets log in at once."""

SECONDS = 15
"""What a refusal may take on a busy machine, start of Python and all."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with docker_engine.base() as name:
        yield name


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshDaemon]:
    docker_engine.client()
    with ssh_daemon.running(tmp_path_factory.mktemp("ssh")) as begun:
        yield begun


@pytest.fixture
def user(
    daemon: SshDaemon, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DockerWalk]:
    docker_engine.write_context(tmp_path / "docker", "far", "ssh://lab")
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("PATH", daemon.programs())
    with docker_walking(tmp_path, base) as begun:
        yield begun


def test_a_service_is_made_asked_followed_and_removed_by_ssh(
    user: DockerWalk, daemon: SshDaemon
) -> None:
    user.walk.edit("mlops.yaml", "kind: docker", "kind: docker, context: far")
    row = json.dumps({"data": [ROW]})

    user.apply()
    planned = user.walk.plan()
    invoked = user.walk.run("invoke", "diabetes", "-d", row)
    following = user.walk.begin("logs", "--follow", "diabetes")
    assert following.stdout is not None
    followed = following.stdout.readline()
    following.kill()
    following.communicate()
    removed = user.walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

    assert NO_CHANGES == planned
    assert [205.826] == pytest.approx(invoked.json, abs=0.001)
    assert "diabetes starts on http" in followed
    assert (0, []) == (removed.code, docker_engine.containers(user.project))
    until(lambda: daemon.sessions == 0, 10)


def planned(user: DockerWalk, **given: str) -> Answer:
    """Plan, with an engine that `DOCKER_HOST` names; see that it takes seconds."""
    begun = time.monotonic()
    answer = user.walk.run("plan", environ={"DOCKER_HOST": "ssh://lab", **given})
    assert time.monotonic() - begun < SECONDS
    return answer


def test_each_refusal_is_a_sentence_and_nobody_is_asked_a_question(
    user: DockerWalk, daemon: SshDaemon, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    (tmp_path / "ask").write_text(f"#!/bin/sh\ntouch {asked}\necho yes\n")
    (tmp_path / "ask").chmod(0o755)
    asking = {"SSH_ASKPASS": str(tmp_path / "ask"), "SSH_ASKPASS_REQUIRE": "force"}

    fine = planned(user)
    told = [
        planned(user, PATH=daemon.programs(known="unknown"), **asking),
        planned(user, PATH=daemon.programs(known="changed"), **asking),
        planned(user, PATH=daemon.programs(key="other"), **asking),
        planned(user, PATH=daemon.programs(ssh=False)),
        planned(user, DOCKER_HOST="ssh://me@127.0.0.1:1"),
        planned(user, DOCKER_HOST="ssh://me:secret@lab"),
    ]

    assert (0, True) == (fine.code, "+ laptop/service/diabetes" in fine.out)
    words = (
        "`ssh` does not know the key of its machine, or another one hint: run `ssh lab` once",
        "`ssh` does not know the key of its machine, or another one hint: run `ssh lab` once",
        "Permission denied (publickey); let `ssh lab` in without a question",
        "this machine has no program `ssh` hint: install the client of OpenSSH",
        "Connection refused hint: start it",
        "none that `ssh` takes hint: write `ssh://host`, ",
    )
    for answer, word in zip(told, words, strict=True):
        said = " ".join((answer.err + answer.out).split())
        assert (6, True) == (answer.code, word in said), said
        assert "Traceback" not in answer.err
        assert "secret" not in said
    assert not asked.exists()


def test_a_machine_without_the_docker_program_is_told(user: DockerWalk, daemon: SshDaemon) -> None:
    docker = daemon.folder / "there" / "docker"
    place = docker.readlink()
    docker.unlink()
    try:
        answer = planned(user)
    finally:
        docker.symlink_to(place)

    assert 6 == answer.code
    assert "install the `docker` program there" in answer.err


def test_many_calls_at_once_are_not_too_many_logins(
    daemon: SshDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", daemon.programs())
    wire = Wire(host="ssh://lab")

    with ThreadPoolExecutor(CALLS) as pool:
        answers = list(pool.map(lambda _: wire.ask(lambda api: api.ping()), range(CALLS)))

    assert [True] * CALLS == answers

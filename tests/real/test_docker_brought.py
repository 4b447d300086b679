"""Services of images that somebody else made, on a real engine: confined, watched, mended."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker_engine
import pytest
from brought_image import brought
from registry import PASSWORD, USERNAME, needs_registry, running
from walk import NO_CHANGES, Walk, walking

SPEC = """
version: 1
project: {project}
targets:
  engine: {{kind: docker}}
deployments:
  other:
    target: engine
    image:
      reference: {image}
      port: 8080
      ready: /health
      score: /predict
      start_timeout: 20s
      environment_variables: {{LEVEL: "3"}}
      secrets: {{token: {{secret: env/TOKEN}}}}
    port: {port}
    checks:
      - request: {{json: 7}}
        expect: {{status: 200}}
"""
TOKEN = {"TOKEN": "sesame-5f1c"}


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    with docker_engine.base() as base, brought(base) as name:
        yield name


@pytest.fixture
def project() -> Iterator[str]:
    name = docker_engine.project()
    yield name
    docker_engine.clean(name)


@pytest.fixture
def walk(tmp_path: Path, project: str, image: str) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        begun.spec.write_text(SPEC.format(project=project, image=image, port=begun.port))
        yield begun


def container(project: str) -> dict[str, Any]:
    return dict(docker_engine.client().inspect_container(f"{project}-other"))


def applied(walk: Walk) -> str:
    done = walk.run("apply", "--auto-approve", environ=TOKEN)
    assert done.code == 0, done.err + done.out
    return done.out


def test_a_brought_image_serves_confined_and_an_apply_of_nothing_changes_nothing(
    walk: Walk, project: str
) -> None:
    applied(walk)

    first = container(project)
    expected = {
        "path": "/predict",
        "got": 7,
        "user": 1000,
        "level": "3",
        "secrets": {"token": len(TOKEN["TOKEN"])},
    }
    assert expected == json.loads(walk.run("invoke", "other", "-d", "7").out)
    host = first["HostConfig"]
    assert ("1000:1000", True, ["ALL"]) == (
        first["Config"]["User"],
        host["ReadonlyRootfs"],
        host["CapDrop"],
    )
    assert TOKEN["TOKEN"] not in json.dumps(first)
    assert f"engine  ready  -       http://127.0.0.1:{walk.port}/predict" in walk.run("status").out
    assert "serving" in walk.run("logs", "other").out
    assert walk.run("test").code == 0
    locked, keys = walk.run("lock"), walk.run("keys", "other")
    assert "there is nothing to lock" in locked.err
    assert "the keys of `other` are its own" in keys.err
    assert NO_CHANGES in applied(walk)
    assert first["Id"] == container(project)["Id"]


def test_a_tag_that_moved_is_no_change_and_no_other_change_follows_it(
    walk: Walk, project: str, image: str
) -> None:
    api, name = docker_engine.client(), f"mlops-tests/{project}"
    api.tag(image, name, "1")
    walk.edit("mlops.yaml", image, f"{name}:1")
    try:
        applied(walk)
        first = container(project)

        api.import_image_from_data(bytes(1024), name, "1")  # nothing that could run

        moved = walk.plan()
        walk.edit("mlops.yaml", 'LEVEL: "3"', 'LEVEL: "4"')
        applied(walk)
    finally:
        api.remove_image(f"{name}:1")

    assert NO_CHANGES in moved
    assert first["Image"] == container(project)["Image"]
    assert first["Id"] != container(project)["Id"]
    nameless = next(one["Name"] for one in first["Mounts"] if one["Destination"] == "/data")
    assert nameless not in [one["Name"] for one in api.volumes()["Volumes"]]


def test_a_brought_image_that_breaks_never_stops_the_one_that_serves(
    walk: Walk, project: str
) -> None:
    applied(walk)
    first = container(project)["Id"]
    walk.edit("mlops.yaml", 'LEVEL: "3"', 'BREAK: "1"')

    broken = walk.run("apply", "--auto-approve", environ=TOKEN)

    assert broken.code == 7
    assert "told to break" in broken.err
    assert first == container(project)["Id"]
    walk.edit("mlops.yaml", 'BREAK: "1"', 'LEVEL: "4"')
    applied(walk)
    assert "4" == json.loads(walk.run("invoke", "other", "-d", "7").out)["level"]
    assert NO_CHANGES in walk.plan()
    assert 1 == len(docker_engine.containers(project)) == len(docker_engine.volumes(project))


def test_a_path_that_never_says_ready_is_told(walk: Walk) -> None:
    walk.edit("mlops.yaml", "ready: /health", "ready: /nothing")
    walk.edit("mlops.yaml", "start_timeout: 20s", "start_timeout: 4s")

    done = walk.run("apply", "--auto-approve", environ=TOKEN)

    assert done.code == 7
    assert "`/nothing` answers status 404" in done.err


@needs_registry
def test_a_private_image_is_pulled_by_who_the_file_says(
    walk: Walk, image: str, tmp_path: Path
) -> None:
    api, known = docker_engine.client(), {"username": USERNAME, "password": PASSWORD}
    with running(tmp_path / "registry", password=True) as registry:
        place = f"{registry.host}/team/score"
        api.tag(image, place, "1")
        told = list(api.push(place, "1", auth_config=known, stream=True, decode=True))
        (digest,) = [line["aux"]["Digest"] for line in told if "aux" in line]
        api.remove_image(f"{place}:1")
        login = f"{{address: '{registry.host}', username: {USERNAME}, password: {{secret: env/P}}}}"
        walk.edit("mlops.yaml", image, f"{place}@{digest}\n      registry: {login}")

        wrong = walk.run("apply", "--auto-approve", environ={**TOKEN, "P": "planted-5f1c"})
        done = walk.run("apply", "--auto-approve", environ={**TOKEN, "P": PASSWORD})

        api.remove_image(f"{place}@{digest}")
        assert (6, 0) == (wrong.code, done.code), done.err
        assert f"the image `{place}@{digest}` cannot be had: " in wrong.err
        assert f"hint: correct `registry`, or `docker login {registry.host}`" in wrong.err
        assert "planted-5f1c" not in wrong.err + wrong.out
        assert 7 == json.loads(walk.run("invoke", "other", "-d", "7").out)["got"]
        assert NO_CHANGES in walk.plan()


def test_what_somebody_does_to_a_brought_image_is_drift_and_mended(
    walk: Walk, project: str
) -> None:
    applied(walk)
    api = docker_engine.client()
    api.update_container(f"{project}-other", mem_limit="256m", memswap_limit="256m")
    seen = walk.run("drift")
    applied(walk)
    api.stop(f"{project}-other", timeout=0)
    stopped = walk.run("drift")
    applied(walk)

    assert (8, True) == (seen.code, "resources.limits.memory" in seen.out)
    assert (8, True) == (stopped.code, "running -> stopped" in stopped.out)
    assert 7 == json.loads(walk.run("invoke", "other", "-d", "7").out)["got"]
    api.update_container(f"{project}-other", mem_limit="256m", memswap_limit="256m")
    assert walk.run("destroy", "--auto-approve", "--allow-deletes", "1").code == 0
    assert ([], []) == (docker_engine.containers(project), docker_engine.volumes(project))

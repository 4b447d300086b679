"""`mlops image`: made without an engine in a registry or a file, which Docker loads."""

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker_engine
import pytest
from base_image import VERSION
from registry import Registry, needs_registry, push_base, repository, running
from test_cli_package import PROGRAM
from walk import Walk, walking

pytestmark = needs_registry

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as found:
        push_base(repository(found, "team/base"), compressed=True)
        yield found


@pytest.fixture
def walk(tmp_path: Path, registry: Registry) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        base = f"{registry.host}/team/base:{VERSION}"
        begun.edit("mlops.yaml", "    entry_script", f"    base_image: {base}\n    entry_script")
        yield begun


def push(walk: Walk, place: str) -> Any:
    words = ("image", "push", "diabetes", "--repository", place, "--format", "json")
    answer = walk.run(*words, environ=NO_ENGINE)
    assert answer.code == 0, answer.err
    return answer.json


def test_an_image_is_pushed_once_and_then_is_there(walk: Walk, registry: Registry) -> None:
    place = f"{registry.host}/once/diabetes"

    first, second = push(walk, place), push(walk, place)

    assert first == {"image": first["image"], "new": 4}
    assert re.fullmatch(rf"{place}@sha256:[0-9a-f]{{64}}", first["image"])
    assert {**first, "new": 0} == second


def test_the_repository_of_a_docker_target_is_where_an_image_is_pushed(
    walk: Walk, registry: Registry
) -> None:
    place = f"{registry.host}/target/diabetes"
    walk.edit("mlops.yaml", "{kind: process}", f"{{kind: docker, repository: '{place}'}}")

    answer = walk.run("image", "push", "diabetes", environ=NO_ENGINE)

    assert answer.code == 0, answer.err
    assert answer.out.startswith(f"{place}@sha256:")
    assert answer.err.endswith("diabetes: 4 new layers.\n")


def test_without_a_repository_nothing_can_be_pushed(walk: Walk) -> None:
    answer = walk.run("image", "push", "diabetes")

    assert answer.code == 1
    assert "the target `laptop` has no image repository" in answer.err


def test_a_file_holds_the_image_that_a_registry_would(walk: Walk, registry: Registry) -> None:
    pushed = push(walk, f"{registry.host}/file/diabetes")

    answer = walk.run("image", "build", "diabetes", "-o", "image.tar", environ=NO_ENGINE)

    assert answer.code == 0, answer.err
    assert re.fullmatch(r"image\.tar: .* MB\. Next: docker load -i image\.tar\n", answer.out)
    with tarfile.open(walk.folder / "image.tar") as tar:
        names = tar.getnames()
        index = json.load(tar.extractfile("index.json") or pytest.fail("no index"))
    assert pushed["image"].partition("@")[2] == index["manifests"][0]["digest"]
    assert len(names) == len(set(names))
    assert not list(walk.folder.glob(".*.part"))


def test_docker_loads_the_file(walk: Walk) -> None:
    docker_engine.client()
    answer = walk.run("image", "build", "diabetes", "-o", "image.tar", "--format", "json")
    assert answer.code == 0, answer.err
    name = answer.json["name"]
    try:
        subprocess.run([PROGRAM, "load", "-i", str(walk.folder / "image.tar")], check=True)

        config = docker_engine.client().inspect_image(name)["Config"]
    finally:
        subprocess.run([PROGRAM, "rmi", name], check=False)

    assert config["User"] == "1000:1000"
    assert config["Entrypoint"][0] == "/opt/mlops/bin/python"


def test_a_base_that_is_not_there_leaves_no_file(walk: Walk, registry: Registry) -> None:
    walk.edit("mlops.yaml", f"team/base:{VERSION}", "team/none:1")

    answer = walk.run("image", "build", "diabetes", "-o", "image.tar")

    assert answer.code == 6
    assert f"there is no image `{registry.host}/team/none:1`" in answer.err
    assert [path.name for path in walk.folder.iterdir() if "image" in path.name] == []

"""An image made in a private registry, pulled by a real engine, where it runs."""

import contextlib
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import docker_engine
import pytest
from base_image import VERSION
from image_means import ImageMeans, image_inputs
from msgspec.structs import replace
from registry import Registry, login, needs_registry, push_base, repository, running

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import Wire
from mlops.clients.oci.login import Login
from mlops.clients.oci.session import Sessions
from mlops.errors import TargetError
from mlops.hashing import cache_folder
from mlops.images.builder import Made
from mlops.images.exported import made_here
from mlops.images.registry import RegistryBuilder
from mlops.images.shipped import ShippedBuilder

pytestmark = needs_registry


@pytest.fixture(scope="module")
def engine() -> Any:
    return docker_engine.client()


@pytest.fixture(scope="module")
def registry(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:  # noqa: ARG001  skips first
    with running(tmp_path_factory.mktemp("registry"), password=True) as found:
        push_base(repository(found, "team/base", password=True), compressed=True)
        yield found


def builder(registry: Registry, known: Login, *, near: bool = False) -> ShippedBuilder:
    engine = Engine(wire=Wire(host=None, context=None))
    place = RegistryBuilder(
        repository=f"{registry.host}/team/shipped",
        sessions=Sessions(lambda _: known),
        near=partial(made_here, engine) if near else lambda _: None,
    )
    return ShippedBuilder(engine=engine, registry=place)


def test_what_is_made_in_a_registry_runs_in_an_engine(
    registry: Registry, engine: Any, tmp_path: Path
) -> None:
    inputs = image_inputs(
        tmp_path,
        f"{registry.host}/team/base:{VERSION}",
        python=VERSION,
        requirements=("markupsafe==3.0.2",),
    )
    name = f"{registry.host}/team/shipped:{inputs.tag}"
    try:
        image = list(builder(registry, login()).make(inputs, ImageMeans(tmp_path)))[-1]
        again = list(builder(registry, login()).make(inputs, ImageMeans(tmp_path)))

        assert isinstance(image, Made)
        assert [Made(reference=image.reference)] == again
        assert ran(engine, name, "environment", "import markupsafe._speedups") == (0, b"")
        assert ran(engine, name, "mlops", "import httptools, uvloop") == (0, b"")
        code, said = ran(engine, name, "environment", "open('/opt/code/x', 'w')")
        assert code == 1
        assert b"Permission denied" in said
    finally:
        with contextlib.suppress(Exception):
            engine.remove_image(name, force=True)


def test_a_base_that_was_made_in_the_engine_gets_into_the_registry(
    registry: Registry, engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(cache_folder().with_name("uv")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = builder(registry, login(), near=True)
    with docker_engine.base() as base:
        inputs = image_inputs(tmp_path, base, python=VERSION)
        name = f"{registry.host}/team/shipped:{inputs.tag}"
        try:
            list(made.make(inputs, ImageMeans(tmp_path)))
            engine.remove_image(name, force=True)
            shutil.rmtree(tmp_path / "mlops" / "layers")
            inputs = replace(inputs, entry_script="other.py")
            name = f"{registry.host}/team/shipped:{inputs.tag}"
            list(made.make(inputs, ImageMeans(tmp_path)))

            assert ran(engine, name, "environment", "import json") == (0, b"")
        finally:
            with contextlib.suppress(Exception):
                engine.remove_image(name, force=True)


def test_a_base_that_was_made_anew_in_the_engine_is_another_one() -> None:
    with docker_engine.base() as base:
        near = made_here(Engine(wire=Wire(host=None, context=None)), base)
        assert near is not None
        first = near.manifest("latest", "linux/amd64")
        assert first is not None

        assert near.manifest(first.digest, "linux/amd64") == first
        with pytest.raises(TargetError, match="is another one than when this image was first"):
            near.manifest(f"sha256:{'0' * 64}", "linux/amd64")
        assert made_here(Engine(wire=Wire(host=None, context=None)), f"{base}-no") is None


@pytest.fixture
def begun(registry: Registry, engine: Any, tmp_path: Path) -> Iterator[ImageMeans]:
    """Ship an image by the first model; at the end, remove all of its repository."""
    means = ImageMeans(tmp_path)
    shipped(registry, tmp_path, means)
    yield means
    for one in engine.images(f"{registry.host}/team/shipped"):
        engine.remove_image(one["Id"], force=True)


def shipped(registry: Registry, folder: Path, means: ImageMeans, model: str = "first") -> Made:
    """Ship the image by a model; return what was made."""
    base = f"{registry.host}/team/base:{VERSION}"
    image_inputs(folder, base)
    (folder / "models" / "one" / "model.txt").write_text(model)
    inputs = image_inputs(folder, base, python=VERSION)
    made = list(builder(registry, login()).make(inputs, means))[-1]
    assert isinstance(made, Made)
    return made


def pulled(registry: Registry) -> list[str]:
    """Return what the engine read from the repository."""
    lines = [line for line in registry.log.splitlines() if '"docker/' in line]
    return [line for line in lines if '"GET /v2/team/shipped/' in line]


def test_what_the_engine_lacks_is_loaded_while_the_registry_takes_it(
    begun: ImageMeans, registry: Registry, engine: Any, tmp_path: Path
) -> None:
    before = pulled(registry)

    made = shipped(registry, tmp_path, begun, "second")

    assert made.new == 1
    assert before == pulled(registry)
    config = engine.inspect_image(made.reference)
    place = repository(registry, "team/shipped", password=True)
    tag = config["RepoTags"][0].rpartition(":")[2]
    found = place.manifest(tag, "linux/amd64")
    assert found is not None
    assert found.config.digest == made.reference
    assert [layer.digest for layer in found.layers[1:]] == config["RootFS"]["Layers"][1:]


def test_what_was_made_before_and_the_engine_lacks_is_pulled(
    begun: ImageMeans, registry: Registry, engine: Any, tmp_path: Path
) -> None:
    elsewhere = RegistryBuilder(
        repository=f"{registry.host}/team/else", sessions=Sessions(lambda _: login())
    )
    (tmp_path / "models" / "one" / "model.txt").write_text("third")
    inputs = image_inputs(tmp_path, f"{registry.host}/team/base:{VERSION}", python=VERSION)
    list(elsewhere.make(inputs, begun))
    before = pulled(registry)

    made = shipped(registry, tmp_path, begun, "third")

    assert before != pulled(registry)
    assert engine.inspect_image(made.reference)


def test_a_wrong_password_ends_it(registry: Registry, tmp_path: Path) -> None:
    inputs = image_inputs(tmp_path, f"{registry.host}/team/base:{VERSION}", python=VERSION)
    wrong = builder(registry, Login(username="ci", password="planted"))

    with pytest.raises(TargetError, match="does not accept who we are") as told:
        list(wrong.make(inputs, ImageMeans(tmp_path)))

    assert told.value.code == 6
    assert "planted" not in str(told.value)


def ran(engine: Any, name: str, folder: str, words: str) -> tuple[int, bytes]:
    """Run Python of an image; return its exit code and what it said."""
    made = engine.create_container(
        name, entrypoint=[f"/opt/{folder}/bin/python", "-c", words], labels=["mlops-tests"]
    )
    try:
        engine.start(made)
        code = engine.wait(made)["StatusCode"]
        return code, engine.logs(made)
    finally:
        engine.remove_container(made, force=True)

"""An image made in a private registry, pulled by a real engine, where it runs."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker_engine
import pytest
from base_image import VERSION
from image_means import ImageMeans, image_inputs
from registry import Registry, login, needs_registry, push_base, repository, running

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import Wire
from mlops.clients.oci.login import Login
from mlops.errors import TargetError
from mlops.images.builder import Made
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


def builder(registry: Registry, known: Login) -> ShippedBuilder:
    place = RegistryBuilder(repository=f"{registry.host}/team/shipped", login=lambda _: known)
    return ShippedBuilder(engine=Engine(wire=Wire(host=None, context=None)), registry=place)


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

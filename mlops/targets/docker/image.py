"""The images of a target: made in the engine alone, or by way of a repository; removed there."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mlops.clients.docker.engine import Engine
from mlops.clients.oci.session import Sessions
from mlops.images.builder import Builder, Made
from mlops.images.engine import EngineBuilder
from mlops.images.exported import made_here
from mlops.images.inputs import inputs_of
from mlops.images.login import login_of
from mlops.images.registry import RegistryBuilder
from mlops.images.shipped import ShippedBuilder
from mlops.images.sources import Sources
from mlops.images.stepping import Stepping
from mlops.plain import thaw
from mlops.protocols import Means
from mlops.spec import Fields
from mlops.targets.docker.desire import STEPS_OF
from mlops.values import Change, Progress


def change_image(
    engine: Engine, change: Change, settings: Any, repository: str, means: Means
) -> Iterator[Progress]:
    """Make an image, or remove it from the engine; a registry keeps what it has."""
    if change.after is not None:
        told: Any = change.after.inputs.get("base_login")
        steps: Any = change.after.inputs.get(STEPS_OF)
        if steps is not None:
            login = partial(login_of, settings, told, means)
            stepping = Stepping(engine=engine, repository=repository, login=login)
            yield from stepping.make(inputs_of(thaw(steps)), means)
            return
        builder = image_builder(engine, settings, repository, means, told)
        for step in builder.make(inputs_of(thaw(change.after.inputs)), means):
            if not isinstance(step, Made):
                yield step
    elif change.before is not None:
        yield Progress(text="removing")
        tag = str(change.before.fields["digest"]).removeprefix("sha256:")
        engine.images.remove(f"{repository}:{tag}")


def image_builder(
    engine: Engine, settings: Any, repository: str, means: Means, base: Fields | None
) -> Builder:
    """Return what makes images: in the engine alone, or by way of a registry.

    `base` says who asks for the base image.
    """
    login = partial(login_of, settings, base, means)
    if not settings.repository:
        return EngineBuilder(engine=engine, repository=repository, login=login)
    near = partial(made_here, engine)
    sources = Sources(engine=engine, repository=repository, login=login)
    registry = RegistryBuilder(
        repository=repository, sessions=Sessions(login), near=near, build=sources.build
    )
    return ShippedBuilder(engine=engine, registry=registry)

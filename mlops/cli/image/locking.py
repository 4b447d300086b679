"""What images ask for, and what that comes to: the entries of `mlops.lock`."""

from collections.abc import Generator, Iterator
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mlops.brought import brought_by
from mlops.cli.image.named import pictured
from mlops.cli.session import Session
from mlops.cli.terminal import say
from mlops.clients.oci.session import Sessions
from mlops.errors import Where
from mlops.images.base import Base
from mlops.images.builder import Builder, HasBuilder
from mlops.images.inputs import ImageInputs
from mlops.images.lockfile import Locked, asked
from mlops.images.login import login_of, told_login
from mlops.images.registry import RegistryBuilder
from mlops.images.resolution import Resolution, resolved
from mlops.means import StoreMeans
from mlops.resolve import pin
from mlops.spec import Deployment
from mlops.values import Progress

Found = TypeVar("Found")


class Asked(Struct, frozen=True, kw_only=True):
    """What images of the same base, platform and packages ask for, and who can find the base."""

    inputs: ImageInputs
    names: tuple[str, ...]
    builder: Builder
    where: Where

    def locked(self, means: StoreMeans) -> Locked:
        """Return what it comes to now, whatever it came to before. Raises MlopsError."""
        base = _ended(self.builder.look(self.inputs, means), Base)
        found = _ended(_steps(resolved(self.inputs, base)), Resolution)
        return Locked(
            asked=asked(self.inputs),
            names=self.names,
            image=self.inputs.base,
            base=base.digest,
            facts=base.facts,
            packages=found.packages,
            server=found.server,
            conda=found.conda,
            front=found.front,
        )


def _steps(work: Generator[Progress, None, Resolution]) -> Iterator[Progress | Resolution]:
    yield (yield from work)


def _ended(steps: Iterator[Progress | Found], kind: type[Found]) -> Found:
    """Say each step once; return what they end in."""
    said = ""
    for step in steps:
        if isinstance(step, kind):
            return step
        assert isinstance(step, Progress)  # noqa: S101  nothing else comes before
        if step.text != said:
            said = step.text
            say(f"{said}\n")
    raise AssertionError("it ends in what it found")


def asks(session: Session, means: StoreMeans, platforms: tuple[str, ...]) -> tuple[Asked, ...]:
    """Return what the images of a file ask for: each ask once. Raises SpecError.

    `platforms` are those that images shall run on; without one, that of their targets, and those
    that are locked.
    """
    found: dict[str, Asked] = {}
    for deployment in _with_images(session):
        for one in _asked(session, means, deployment, platforms):
            known = found.get(asked(one.inputs))
            names = {*one.names, *(known.names if known else ())}
            found[asked(one.inputs)] = replace(known or one, names=tuple(sorted(names)))
    return tuple(found.values())


def _with_images(session: Session) -> tuple[Deployment, ...]:
    """Return the deployments whose targets make images; all where no target does.

    Those that bring their image are never among them.
    """
    every = tuple(one for one in session.spec.deployments.values() if not brought_by(one.settings))
    made = tuple(one for one in every if isinstance(session.targets[one.target], HasBuilder))
    return made or every


def _asked(
    session: Session, means: StoreMeans, deployment: Deployment, platforms: tuple[str, ...]
) -> Iterator[Asked]:
    pins = pin(session.spec, session.registry, session.sources, deployment)
    image = pictured(session, deployment, pins)
    base, target = told_login(pins.inference.base_registry), session.targets[deployment.target]
    settings = session.spec.targets[deployment.target].settings
    builder: Builder
    if isinstance(target, HasBuilder):
        builder = target.builder(means, base)
    else:
        login = partial(login_of, settings, base, means)
        builder = RegistryBuilder(repository="", sessions=Sessions(login))
    known = {one.facts.platform for one in session.locked}
    for platform in platforms or sorted({image.inputs.platform, *known}):
        yield Asked(
            inputs=replace(image.inputs, platform=platform),
            names=(pins.inference.name or deployment.name,),
            builder=builder,
            where=pins.inference.where,
        )

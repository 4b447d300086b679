"""What a deployment is as an image, whether or not its target makes one; where its files lie."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mlops.artefacts import Content, Pins
from mlops.brought import brought_by
from mlops.cli.session import Session
from mlops.errors import Problem, SpecError
from mlops.images.builder import HasBuilder
from mlops.images.context import Packages
from mlops.images.inputs import ImageInputs, inputs_of
from mlops.images.lockfile import asked
from mlops.images.wanted import image_inputs
from mlops.load.suggest import suggestion
from mlops.plain import thaw
from mlops.resolve import pin
from mlops.spec import Deployment
from mlops.values import Desired


class Named(Struct, frozen=True, kw_only=True):
    """A deployment as an image. `service` is what its target would make."""

    deployment: Deployment
    pins: Pins
    service: Desired
    inputs: ImageInputs


def named(session: Session, name: str, platform: str = "") -> Named:
    """Return the image of the deployment `name`. Raises SpecError.

    `platform` is `linux/amd64`-like: that of the target, or of this machine, if empty.
    """
    deployment = session.spec.deployments.get(name)
    if deployment is None:
        hint = suggestion(name, session.spec.deployments, "the file has none")
        raise SpecError(Problem(summary=f"no deployment `{name}`", hint=hint))
    if brought_by(deployment.settings):
        summary = f"`{name}` brings its image: there is nothing to make"
        where = deployment.places["image"]
        raise SpecError(Problem(summary=summary, where=where, hint="`mlops apply` runs it"))
    found = pin(session.spec, session.registry, session.sources, deployment)
    locks = {one.asked: one.digest for one in session.locked}
    makes = isinstance(session.targets[deployment.target], HasBuilder)
    if not makes and asked(image_inputs(found)) not in locks:
        locks = {}  # no image of this deployment was ever meant to be locked
    image = pictured(session, deployment, replace(found, locks=locks))
    if platform in ("", image.inputs.platform):
        return image
    return replace(image, inputs=image_inputs(image.pins, platform))


def pictured(session: Session, deployment: Deployment, pins: Pins) -> Named:
    """Return the image of a deployment: the one of its target, or one for a machine like this."""
    things = session.targets[deployment.target].desire(deployment, pins)
    (service,) = [thing for thing in things if thing.address.kind == "service"]
    images = [inputs_of(thaw(thing.inputs)) for thing in things if "entry_script" in thing.inputs]
    inputs = images[0] if images else image_inputs(pins)
    return Named(deployment=deployment, pins=pins, service=service, inputs=inputs)


class Nearby(Struct, frozen=True, kw_only=True):
    """The files of contents where they are: in the checkout, else in the store."""

    session: Session
    inputs: ImageInputs

    def __call__(self, content: Content) -> Mapping[str, Path]:
        """Return where each file of a content lies, by its path. Raises SpecError."""
        if content == self.inputs.code:
            folder = Path(self.inputs.source)
            return {entry.path: folder / entry.path for entry in content.files}
        return self.session.means().model_files(content)


def packages_of(session: Session, inputs: ImageInputs) -> Packages | None:
    """Return the packages that `mlops.lock` holds of an image; None without such a file."""
    for one in session.locked:
        if one.digest == inputs.lock:
            return Packages(code=one.packages, server=one.server, conda=one.conda, front=one.front)
    return None

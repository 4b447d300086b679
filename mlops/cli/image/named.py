"""What a deployment is as an image, whether or not its target makes one; where its files lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops.cli.session import Session
from mlops.errors import Problem, SpecError
from mlops.images.inputs import ImageInputs, inputs_of
from mlops.images.wanted import image_inputs
from mlops.load.suggest import suggestion
from mlops.plain import thaw
from mlops.resolve import pin
from mlops.spec import Deployment
from mlops.values import Content, Desired, Pins


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A deployment as an image. `service` is what its target would make."""

    deployment: Deployment
    pins: Pins
    service: Desired
    inputs: ImageInputs


def named(session: Session, name: str) -> Named:
    """Return the image of the deployment `name`. Raises SpecError."""
    deployment = session.spec.deployments.get(name)
    if deployment is None:
        hint = suggestion(name, session.spec.deployments, "the file has none")
        raise SpecError(Problem(summary=f"no deployment `{name}`", hint=hint))
    return pictured(session, deployment)


def pictured(session: Session, deployment: Deployment) -> Named:
    """Return the image of a deployment: the one of its target, or one for a machine like this."""
    pins = pin(session.spec, session.registry, session.sources, deployment)
    things = session.targets[deployment.target].desire(deployment, pins)
    (service,) = [thing for thing in things if thing.address.kind == "service"]
    images = [inputs_of(thaw(thing.inputs)) for thing in things if thing.address.kind == "image"]
    inputs = images[0] if images else image_inputs(pins)
    return Named(deployment=deployment, pins=pins, service=service, inputs=inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """The files of contents where they are: in the checkout, else in the store."""

    session: Session
    inputs: ImageInputs

    def __call__(self, content: Content) -> Mapping[str, Path]:
        """Return where each file of a content lies, by its path. Raises SpecError."""
        if content == self.inputs.code:
            folder = Path(self.inputs.source)
            return {entry.path: folder / entry.path for entry in content.files}
        return self.session.means().model_files(content)

"""The Docker target: images and containers of one engine, one change at a time."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from mlops.artefacts import Pins
from mlops.brought import brought_by
from mlops.claims import Holders
from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import Wire
from mlops.errors import TargetError
from mlops.images.builder import Builder
from mlops.protocols import Means
from mlops.spec import Deployment, Fields
from mlops.targets.docker.brought import desired_brought
from mlops.targets.docker.desire import At, desired_images, desired_service
from mlops.targets.docker.health import health
from mlops.targets.docker.keys import keys_of
from mlops.targets.docker.live import main_of
from mlops.targets.docker.logs import lines_of
from mlops.targets.docker.looking import eye, observed_listeners, snapshot_of
from mlops.targets.docker.machine import machine_of
from mlops.targets.docker.names import container_name, local_repository
from mlops.targets.docker.seen import observed
from mlops.targets.docker.settings import DOWNTIME, IMPACT, RECORDED, ServiceSettings, Settings
from mlops.values import Address, Change, Desired, Health, Impact, Observed, Owner, Progress


class DockerTarget:
    """Serves deployments by containers of one engine."""

    Settings: ClassVar[type] = Settings
    ServiceSettings: ClassVar[type] = ServiceSettings
    impact: ClassVar[Mapping[str, Impact]] = IMPACT
    downtime: ClassVar[Mapping[Impact, str]] = DOWNTIME
    settle: ClassVar[float] = 0.0
    recorded: ClassVar[Collection[str]] = RECORDED
    passing: ClassVar[Collection[str]] = ("container", *RECORDED)

    def __init__(self, name: str, settings: Any, folder: Path, owner: Owner) -> None:
        self._name = name
        self._settings = settings
        self._folder = folder
        self._owner = owner
        self._wire = Wire(host=settings.host, context=settings.context)
        self._repository = settings.repository or local_repository(owner.project)
        """What images of ours are called in the engine."""
        self.hosts = _hosts(settings, self._wire)
        self._at = partial(_at, name, self._wire, owner)

    @property
    def identity(self) -> str:
        """The address of the engine, and where its images are kept."""
        return f"{self._wire.address} {self._repository}"

    def desire(self, deployment: Deployment, pins: Pins) -> tuple[Desired, ...]:
        """Return the image and the container of a deployment; of a brought image the latter."""
        at = self._at()
        image = brought_by(deployment.settings)
        if image:
            return (desired_brought(at, deployment, image),)
        return *desired_images(self._name, pins), desired_service(at, deployment, pins)

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        """Return what bears our mark, and who is in the way of what is wanted."""
        engine, at = Engine(wire=self._wire), self._at()
        snapshot = snapshot_of(engine, self._repository)
        claims = Holders((claim, None) for thing in wanted for claim in thing.claims)
        addresses = {thing.address for thing in wanted}
        seen = observed(eye(engine, snapshot, at, addresses, claims), snapshot)
        near = not at.machine
        return [*seen, *(observed_listeners(self._name, wanted, snapshot) if near else ())]

    def wake(self) -> None:
        """Import what the engine is asked with."""
        self._wire.wake()

    def look(self, address: Address) -> Observed | None:
        """Return one thing as it is now; None if it is not there."""
        engine = Engine(wire=self._wire)
        snapshot = snapshot_of(engine, self._repository)
        seen = observed(eye(engine, snapshot, self._at(), {address}, Holders([])), snapshot)
        return next((thing for thing in seen if thing.address == address), None)

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        """Make one change. Ends in what was made, or in nothing after a delete."""
        from mlops.targets.docker.change import carry_out  # noqa: PLC0415  most runs only look

        engine = Engine(wire=self._wire, allowed=means.lease.check)
        outage = yield from carry_out(
            engine, change, means, self._owner, self._settings, self._repository
        )
        if change.after is not None:
            seen = self.observe([change.after])
            yield from (
                replace(thing, outage=outage) for thing in seen if thing.address == change.address
            )

    def stop(self, address: Address) -> None:
        """Stop the container of a service; its next change starts it again."""
        engine = Engine(wire=self._wire)
        main = main_of(snapshot_of(engine, self._repository), self._owner.project, address.name)
        if main is not None:
            engine.containers.stop(str(main["Id"]))

    def health(self, address: Address) -> Health:
        """Return how the container of a service stands."""
        return health(Engine(wire=self._wire), container_name(self._owner.project, address.name))

    def keys(self, address: Address) -> Mapping[str, str]:
        """Return the keys that a service takes, by their slots; nothing where it asks for none."""
        return keys_of(Engine(wire=self._wire), container_name(self._owner.project, address.name))

    def logs(self, address: Address, *, follow: bool, lines: int) -> Iterator[str]:
        """Yield the last lines that a service printed, then, if `follow`, each new one."""
        name = container_name(self._owner.project, address.name)
        yield from lines_of(Engine(wire=self._wire), name, follow=follow, count=lines)

    def builder(self, means: Means, base: Fields | None) -> Builder:
        """Return what makes images; `base` says who asks for the base image."""
        from mlops.targets.docker.image import image_builder  # noqa: PLC0415  few make images

        engine = Engine(wire=self._wire, allowed=means.lease.check)
        return image_builder(engine, self._settings, self._repository, means, base)


def _at(place: str, wire: Wire, owner: Owner) -> At:
    return At(place=place, machine=machine_of(wire.address), owner=owner)


def _hosts(settings: Any, wire: Wire) -> Collection[str]:
    """Return the machine of an engine that the file chooses, where it is not this one."""
    if not (settings.host or settings.context):
        return []  # whoever runs this chose it
    try:
        parts = urlsplit(settings.host or wire.address)
    except TargetError:
        return []  # nobody is asked
    local = parts.scheme in ("unix", "http+unix", "npipe")
    return [] if local else [parts.netloc.rpartition("@")[2]]

"""The process target: environments and scoring servers on this machine, one change at a time."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import psutil

from mlops.artefacts import Pins
from mlops.errors import Problem, TargetError
from mlops.hashing import HashCache
from mlops.protocols import Means
from mlops.spec import Deployment
from mlops.targets.process import world
from mlops.targets.process.desire import check_steps, desired_environment, desired_service
from mlops.targets.process.keyring import live_keys
from mlops.targets.process.live import failure, observed_service, process_state
from mlops.targets.process.logs import follow_lines, last_lines
from mlops.targets.process.seen import listeners, observed_environment, observed_environments
from mlops.targets.process.settings import DOWNTIME, IMPACT, ServiceSettings, Settings
from mlops.values import Address, Change, Desired, Health, Impact, Observed, Owner, Progress


class ProcessTarget:
    """Serves deployments by processes of this machine, each in an instance folder of its own."""

    Settings: ClassVar[type] = Settings
    ServiceSettings: ClassVar[type] = ServiceSettings
    impact: ClassVar[Mapping[str, Impact]] = IMPACT
    downtime: ClassVar[Mapping[Impact, str]] = DOWNTIME
    settle: ClassVar[float] = 0.0
    passing: ClassVar[Collection[str]] = ("leftovers", "process")

    def __init__(self, name: str, settings: Any, folder: Path, owner: Owner) -> None:
        self._name = name
        written = name.partition("@")[0]  # a target that was left is called `name@digest`
        self._folder = (folder / (settings.folder or f".mlops/targets/{written}")).resolve()
        self._owner = owner

    @property
    def identity(self) -> str:
        """The folder of the services, without detours."""
        return str(self._folder)

    def desire(self, deployment: Deployment, pins: Pins) -> tuple[Desired, ...]:
        """Return the environment and the server of a deployment. Raises SpecError."""
        check_steps(deployment, pins)
        return (
            desired_environment(self._name, pins.inference.environment),
            desired_service(self._name, deployment, pins, self._owner),
        )

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        """Return every environment and service of the folder, and who holds a wanted port."""
        names = {thing.address.name for thing in wanted if thing.address.kind == "service"}
        cache = HashCache.open()
        with _told():
            services = [
                observed_service(self._name, instance, self._owner, cache, wanted=name in names)
                for name, instance in world.instances(self._folder / "services").items()
            ]
            cache.save()
            environments = observed_environments(self._name, self._folder / "environments")
            return [*environments, *services, *listeners(self._name, wanted, services)]

    def look(self, address: Address) -> Observed | None:
        """Return one environment or service as it is now."""
        folder = self._place_of(address)
        pid = None if address.kind == "environment" else world.server(folder)
        if pid is None and not folder.is_dir():
            return None
        if address.kind == "environment":
            return observed_environment(self._name, folder)
        with _told():
            cache, instance = HashCache.open(), world.instance(folder, pid)
            return observed_service(self._name, instance, self._owner, cache, wanted=True)

    def apply(self, change: Change, means: Means) -> Iterator[Progress | Observed]:
        """Make one change. Ends in what was made, or in nothing after a delete."""
        from mlops.targets.process.change import carry_out  # noqa: PLC0415  most runs only look

        with _told():
            yield from carry_out(self._place_of(change.address), change, means, self._owner)
            if change.after is not None:
                seen = self.observe([change.after])
                yield from (thing for thing in seen if thing.address == change.address)

    def stop(self, address: Address) -> None:
        """End the server of a service; its next change starts it again."""
        world.end(self._place_of(address))

    def health(self, address: Address) -> Health:
        """Return what the server says of itself, if it is alive to say it."""
        folder = self._place_of(address)
        instance = world.instance(folder, world.server(folder))
        state = process_state(instance)
        if state == "ready":
            return Health(ready=1, failed=0, total=1, summary="ready")
        if state in ("failed", "stopped", "unfit"):
            return failure(instance)
        return Health(ready=0, failed=0, total=1, summary="the server is starting")

    def keys(self, address: Address) -> Mapping[str, str]:
        """Return the keys that a server takes, by their slots; nothing where it asks for none."""
        folder = self._place_of(address)
        locked = world.read_json(folder / "settings.json").get("auth") is not None
        return live_keys(folder) if locked else {}

    def logs(self, address: Address, *, follow: bool, lines: int) -> Iterator[str]:
        """Yield the last lines of a server's log, then, if `follow`, each new one."""
        path = self._place_of(address) / "server.log"
        yield from follow_lines(path, lines) if follow else last_lines(path, lines)

    def _place_of(self, address: Address) -> Path:
        return self._folder / f"{address.kind}s" / address.name


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the machine refuses into an error of ours."""
    try:
        yield
    except OSError as error:
        where = f" `{error.filename}`" if error.filename else ""
        raise TargetError(
            Problem(
                summary=f"this machine refused:{where} {error.strerror or error}",
                hint="make it possible, then apply again",
            )
        ) from error
    except psutil.Error as error:
        raise TargetError(
            Problem(
                summary=f"this machine tells nothing of a process: {error}",
                hint="run as a user who may see the processes of the services",
            )
        ) from error

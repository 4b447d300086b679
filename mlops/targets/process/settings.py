"""What a user may write about a process target and its services, and what changing it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from mlops.settings import DURATION, DURATION_HINT, Setting
from mlops.values import Impact


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A place on this machine."""

    folder: Annotated[
        str | None,
        Setting(
            "Folder of the services, relative to the file. Default: .mlops/targets/<name>.",
            path=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How requests are served. Defaults: the table of targets that are neither AKS nor ACI."""

    timeout: Annotated[
        str, Setting("Longest run() of a request.", pattern=DURATION, hint=DURATION_HINT)
    ] = "300s"
    max_wait: Annotated[
        str | None,
        Setting(
            "Longest wait for a free worker; no limit by default.",
            pattern=DURATION,
            hint=DURATION_HINT,
        ),
    ] = None
    queue: Annotated[
        int, Setting("Requests that may wait; one more is answered 503.", minimum=1, maximum=10000)
    ] = 100
    workers: Annotated[
        int, Setting("Worker processes; each loads the models.", minimum=1, maximum=64)
    ] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """A scoring server process."""

    port: Annotated[int, Setting("TCP port it listens on.", minimum=1, maximum=65535)] = 5001
    host: Annotated[
        str, Setting("Address it listens on; 0.0.0.0 opens it to the network, without a key.")
    ] = "127.0.0.1"
    serving: Annotated[Serving, Setting("How requests are served.")] = Serving()


IMPACT: Mapping[str, Impact] = {
    "tags": Impact.METADATA,
    "description": Impact.METADATA,
    "protect": Impact.METADATA,
    "leftovers": Impact.METADATA,
    "digest": Impact.NONE,
    "models": Impact.ROLLING,
    "code": Impact.ROLLING,
    "entry_script": Impact.ROLLING,
    "environment": Impact.ROLLING,
    "environment_variables": Impact.ROLLING,
    "serving": Impact.ROLLING,
}
"""Whatever is not named here restarts the server."""

DOWNTIME: Mapping[Impact, str] = {
    Impact.METADATA: "nothing restarts",
    Impact.ROLLING: "no request is lost; new workers take over after init()",
    Impact.RESTART: "no answers from its stop to the end of init()",
}

"""What a user may write about a process target and its services, and what changing it costs."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Struct

from mlops.facing import LOGS, Boundary, Cors, Largest, Logs, Policy, Sample, Tls, Workspace
from mlops.services import SERVING, Auth, Serving
from mlops.settings import HOST, HOST_HINT, Setting
from mlops.values import Impact

FOLDER = ".mlops/targets/{name}"
"""Folder of the services of a target that names none, relative to the first file."""


class Settings(Struct, frozen=True, kw_only=True):
    """A place on this machine."""

    folder: Annotated[
        str | None,
        Setting(
            "Folder of the services, relative to the file. Default: .mlops/targets/<name>.",
            path=True,
            own=FOLDER,
        ),
    ] = None


class Collection(Struct, frozen=True, kw_only=True):
    """Inputs and outputs that are kept as CSV files, in v1's layout and columns."""

    folder: Annotated[str, Setting("Folder of the files, relative to the file, or absolute.")] = (
        ".mlops/modeldata"
    )
    sample: Sample = 1.0
    boundary: Boundary = "day"
    max_bytes: Largest = "100MB"
    workspace: Workspace = "default/default/default"


class ServiceSettings(Struct, frozen=True, kw_only=True):
    """A scoring server process."""

    port: Annotated[int, Setting("TCP port it listens on.", minimum=1, maximum=65535)] = 5001
    host: Annotated[
        str,
        Setting(
            "Address it listens on; 0.0.0.0 opens it to the network: ask for a key with `auth`.",
            pattern=HOST,
            hint=HOST_HINT,
        ),
    ] = "127.0.0.1"
    auth: Annotated[Auth | None, Setting("Who may ask it; everybody by default.")] = None
    resources: Annotated[
        None,
        Setting(
            "Not of a process: it shares the machine.",
            refused="remove it: a process gets what the machine has; limits of CPU and memory need"
            " a target that runs containers",
        ),
    ] = None
    serving: Annotated[Serving, Setting("How requests are served.")] = SERVING
    tls: Annotated[Tls | None, Setting("Speak https with this certificate.")] = None
    cors: Annotated[Cors | None, Setting("What web pages of other origins may do.")] = None
    logs: Annotated[Logs, Setting("How the server writes its log.")] = LOGS
    metrics: Annotated[
        Policy | None, Setting("Who may ask for /metrics. Default: as for /score.")
    ] = None
    swagger: Annotated[
        Policy | None, Setting("Who may ask for /swagger.json. Default: as for /score.")
    ] = None
    collect_model_data: Annotated[
        Collection | None,
        Setting("Keep inputs and outputs as CSV files; `{}` takes every default."),
    ] = None


IMPACT: Mapping[str, Impact] = {
    "tags": Impact.METADATA,
    "description": Impact.METADATA,
    "protect": Impact.METADATA,
    "leftovers": Impact.METADATA,
    "auth": Impact.ROLLING,
    "auth.primary": Impact.METADATA,
    "auth.secondary": Impact.METADATA,
    "digest": Impact.NONE,
    "models": Impact.ROLLING,
    "code": Impact.ROLLING,
    "entry_script": Impact.ROLLING,
    "environment": Impact.ROLLING,
    "checks": Impact.ROLLING,
    "environment_variables": Impact.ROLLING,
    "serving": Impact.ROLLING,
    "server": Impact.ROLLING,
    "tls": Impact.ROLLING,
    "cors": Impact.ROLLING,
    "logs": Impact.ROLLING,
    "metrics": Impact.ROLLING,
    "swagger": Impact.ROLLING,
    "collect_model_data": Impact.ROLLING,
}
"""Whatever is not named here restarts the server, or ends what its clients rely on: `scheme`."""

DOWNTIME: Mapping[Impact, str] = {
    Impact.METADATA: "nothing restarts",
    Impact.ROLLING: "no request is lost; new workers take over after init()",
    Impact.RESTART: "no answers from its stop to the end of init()",
}

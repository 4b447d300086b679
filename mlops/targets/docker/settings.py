"""What a user may write about a Docker engine and its services, and what changing it costs."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Struct

from mlops.brought import Brought
from mlops.facing import LOGS, Boundary, Cors, Largest, Logs, Policy, Sample, Tls, Workspace
from mlops.services import RESOURCES, SERVING, Auth, Resources, Serving
from mlops.settings import HOST, HOST_HINT, IMAGE, IMAGE_HINT, Setting
from mlops.spec import SecretRef
from mlops.values import Impact

ENGINE = r"^(unix|tcp|http|https|ssh|npipe)://(?!([^/@]*@)?-)\S+$"
VOLUME = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$"
REPOSITORY = r"^[a-z0-9]([-a-z0-9._]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([-._]+[a-z0-9]+)*)+$"


class Login(Struct, frozen=True, kw_only=True):
    """Who asks an image repository."""

    username: Annotated[str, Setting("Name of the user.")]
    password: Annotated[SecretRef, Setting("Where the password or token lives.")]


class Settings(Struct, frozen=True, kw_only=True):
    """A Docker engine. Without a word: the one that `docker` itself would ask."""

    context: Annotated[str | None, Setting("Docker context, as in `docker context ls`.")] = None
    host: Annotated[
        str | None,
        Setting(
            "Address of the engine.",
            pattern=ENGINE,
            hint="write an address, as `unix:///var/run/docker.sock` or `ssh://me@host`",
        ),
    ] = None
    repository: Annotated[
        str | None,
        Setting(
            "Image repository; without one, images are made in the engine alone.",
            pattern=REPOSITORY,
            hint="write host and path without a tag, as `registry.example:5000/mnist`",
        ),
    ] = None
    login: Annotated[Login | None, Setting("Who asks the image repository.")] = None


class Collection(Struct, frozen=True, kw_only=True):
    """Inputs and outputs that are kept as CSV files, in v1's layout and columns."""

    volume: Annotated[
        str | None,
        Setting(
            "Docker volume of the files, which stays when the service goes. Default:"
            " <project>-<service>.data.",
            pattern=VOLUME,
            hint="write a name of letters, digits, `.`, `_` and `-`",
        ),
    ] = None
    sample: Sample = 1.0
    boundary: Boundary = "day"
    max_bytes: Largest = "100MB"
    workspace: Workspace = "default/default/default"


class ServiceSettings(Struct, frozen=True, kw_only=True):
    """A container that serves."""

    port: Annotated[int, Setting("TCP port of the engine's machine.", minimum=1, maximum=65535)] = (
        5001
    )
    host: Annotated[
        str,
        Setting(
            "Address of the engine's machine that the port is published on; 0.0.0.0 opens it to"
            " the network: ask for a key with `auth`.",
            pattern=HOST,
            hint=HOST_HINT,
        ),
    ] = "127.0.0.1"
    image: Annotated[
        str | Brought | None,
        Setting(
            "An image that already serves, in place of `inference` and `models`.",
            pattern=IMAGE,
            hint=f"{IMAGE_HINT}, or `{{reference: …, port: …, ready: …}}`",
        ),
    ] = None
    serving: Annotated[Serving, Setting("How requests are served.")] = SERVING
    auth: Annotated[Auth | None, Setting("Who may ask it; everybody by default.")] = None
    resources: Annotated[Resources, Setting("What the container gets of the machine.")] = RESOURCES
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


RECORDED = ("tags", "description", "protect", "auth.primary", "auth.secondary", "tls")
"""The fields, or groups of them, that a container cannot keep, since its labels never change."""

IMPACT: Mapping[str, Impact] = {
    "tags": Impact.METADATA,
    "description": Impact.METADATA,
    "protect": Impact.METADATA,
    "resources": Impact.METADATA,
    "restart": Impact.METADATA,
    "name": Impact.METADATA,
    "auth.primary": Impact.METADATA,
    "auth.secondary": Impact.METADATA,
    "tls": Impact.METADATA,
    "digest": Impact.NONE,
}
"""Whatever is not named here needs another container."""

DOWNTIME: Mapping[Impact, str] = {
    Impact.METADATA: "nothing restarts",
    Impact.RESTART: "no answers for {outage}, from its stop to the end of init()",
}

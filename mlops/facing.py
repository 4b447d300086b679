"""What a user may write about how a service faces its clients, whatever serves it. Pure.

`settings.json` of the server holds the same blocks under the same names, but for data collection,
which the workers obey: `serving.collect`.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeAlias

from msgspec import Struct

from mlops.settings import SIZE, SIZE_HINT, Setting, size_in_bytes
from mlops.spec import Deployment, Json, SecretRef

ORIGIN = r"^(\*|[a-z][a-z0-9+.*-]*://[^/\s,]+)$"
WORKSPACE = r"^[^/\s]+(/[^/\s]+){2}$"


class Cors(Struct, frozen=True, kw_only=True):
    """What web pages of other origins may do."""

    origins: Annotated[
        tuple[
            Annotated[
                str,
                Setting(
                    "An origin; `*` stands for any characters.",
                    pattern=ORIGIN,
                    hint="write an origin, as `https://app.example` or `https://*.example`, or `*`",
                ),
            ],
            ...,
        ],
        Setting("Origins whose pages may ask the service."),
    ]


class Logs(Struct, frozen=True, kw_only=True):
    """How the server writes its log."""

    format: Annotated[Literal["text", "json"], Setting("Form of the server's lines.")] = "text"
    requests: Annotated[bool, Setting("Write a line for each request, with its id.")] = False


Sample: TypeAlias = Annotated[
    float, Setting("Part of the requests that is kept.", minimum=0, maximum=1)
]
Boundary: TypeAlias = Annotated[Literal["day", "hour"], Setting("What a folder of files covers.")]
Largest: TypeAlias = Annotated[
    str, Setting("Size at which a file is followed by the next.", pattern=SIZE, hint=SIZE_HINT)
]
Workspace: TypeAlias = Annotated[
    str,
    Setting(
        "The first three folders, v1's `subscription/group/workspace`.",
        pattern=WORKSPACE,
        hint="write three words, as `subscription/group/workspace`",
    ),
]


class Tls(Struct, frozen=True, kw_only=True):
    """The certificate that a service shows."""

    certificate: Annotated[
        str,
        Setting("PEM file of the certificate and its chain, relative to the file, or absolute."),
    ]
    key: Annotated[
        str | SecretRef,
        Setting("PEM file of its private key: a path, or `{secret: file/PATH}`."),
    ]


class Collects(Protocol):
    """What is kept of requests and answers, wherever that is."""

    @property
    def sample(self) -> float:
        """Which part of the requests."""

    @property
    def boundary(self) -> str:
        """What a folder of files covers."""

    @property
    def max_bytes(self) -> str:
        """When a file is followed by the next."""

    @property
    def workspace(self) -> str:
        """The first three folders."""


LOGS = Logs()

Policy: TypeAlias = Literal["open", "authenticated", "off"]
"""Who may ask a route: everybody, who has a key, nobody."""


class Faces(Protocol):
    """The settings of a service that faces clients, of whichever kind of target."""

    @property
    def logs(self) -> Logs:
        """How the log is written."""

    @property
    def cors(self) -> Cors | None:
        """Which origins are let in."""

    @property
    def metrics(self) -> Policy | None:
        """Who may ask for the metrics."""

    @property
    def swagger(self) -> Policy | None:
        """Who may ask for the description."""


def facing_fields(settings: Faces, *, locked: bool) -> dict[str, Json]:
    """Return the fields of how a service faces its clients.

    `locked` says that the service asks for a key: its routes do, unless the file says otherwise.
    """
    default = "authenticated" if locked else "open"
    return {
        "logs.format": settings.logs.format,
        "logs.requests": settings.logs.requests,
        "cors.origins": settings.cors.origins if settings.cors else None,
        "metrics": settings.metrics or default,
        "swagger": settings.swagger or default,
    }


def collected_fields(settings: Collects | None, **place: str) -> dict[str, Json]:
    """Return the fields of what is kept of requests and answers, and at which place."""
    if settings is None:
        return {}
    told: dict[str, Json] = {
        **place,
        "sample": settings.sample,
        "boundary": settings.boundary,
        "max_bytes": size_in_bytes(settings.max_bytes),
        "workspace": settings.workspace,
    }
    return {f"collect_model_data.{key}": value for key, value in told.items()}


def trust_of(deployment: Deployment) -> str:
    """Return the file of the certificate that a service shows, which clients of ours take alone."""
    tls: Tls | None = getattr(deployment.settings, "tls", None)
    return beside(deployment, tls.certificate) if tls else ""


def beside(deployment: Deployment, path: str) -> str:
    """Return a path that was written relative to the file of a deployment as an absolute one."""
    return os.path.normpath(Path(deployment.where.file).absolute().parent / path)


def unlocked_routes(settings: Faces, *, locked: bool) -> tuple[str, ...]:
    """Return the routes that shall ask for a key of a service that has none."""
    wanted = {"metrics": settings.metrics, "swagger": settings.swagger}
    return tuple(name for name, who in wanted.items() if who == "authenticated" and not locked)

"""What a user may write about how a service faces its clients, whatever serves it. Pure.

`settings.json` of the server holds the same blocks under the same names, but for data collection,
which the workers obey: `serving.collect`.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Literal, Protocol, TypeAlias

from mlops.settings import SIZE, SIZE_HINT, Setting, size_in_bytes
from mlops.spec import Json

ORIGIN = r"^(\*|[a-z][a-z0-9+.*-]*://[^/\s,]+)$"
WORKSPACE = r"^[^/\s]+(/[^/\s]+){2}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """How the server writes its log."""

    format: Annotated[Literal["text", "json"], Setting("Form of the server's lines.")] = "text"
    requests: Annotated[bool, Setting("Write a line for each request, with its id.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Inputs and outputs that are kept as CSV files, in v1's layout and columns."""

    folder: Annotated[str, Setting("Folder of the files, relative to the file, or absolute.")] = (
        ".mlops/modeldata"
    )
    sample: Annotated[
        float, Setting("Part of the requests that is kept.", minimum=0, maximum=1)
    ] = 1.0
    boundary: Annotated[Literal["day", "hour"], Setting("What a folder of files covers.")] = "day"
    max_bytes: Annotated[
        str, Setting("Size at which a file is followed by the next.", pattern=SIZE, hint=SIZE_HINT)
    ] = "100MB"
    workspace: Annotated[
        str,
        Setting(
            "The first three folders, v1's `subscription/group/workspace`.",
            pattern=WORKSPACE,
            hint="write three words, as `subscription/group/workspace`",
        ),
    ] = "default/default/default"


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

    @property
    def collect_model_data(self) -> Collection | None:
        """What is kept of requests and answers."""


def facing_fields(settings: Faces, folder: str, *, locked: bool) -> dict[str, Json]:
    """Return the fields of how a service faces its clients; data is collected to `folder`.

    `locked` says that the service asks for a key: its routes do, unless the file says otherwise.
    """
    default = "authenticated" if locked else "open"
    fields: dict[str, Json] = {
        "logs.format": settings.logs.format,
        "logs.requests": settings.logs.requests,
        "cors.origins": settings.cors.origins if settings.cors else None,
        "metrics": settings.metrics or default,
        "swagger": settings.swagger or default,
    }
    if settings.collect_model_data:
        told = asdict(settings.collect_model_data)
        told |= {"folder": folder, "max_bytes": size_in_bytes(told["max_bytes"])}
        fields |= {f"collect_model_data.{key}": value for key, value in told.items()}
    return fields


def unlocked_routes(settings: Faces, *, locked: bool) -> tuple[str, ...]:
    """Return the routes that shall ask for a key of a service that has none."""
    wanted = {"metrics": settings.metrics, "swagger": settings.swagger}
    return tuple(name for name, who in wanted.items() if who == "authenticated" and not locked)

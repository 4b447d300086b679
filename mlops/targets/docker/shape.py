"""What differs between containers of our server and those of images that somebody brought. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mlops.images import paths
from mlops.spec import Json

REFERENCE = "image.reference"
"""The field that only a service of a brought image has."""

INSTANCE = f"/{paths.INSTANCE}"
SECRETS = "/run/secrets"
"""Where the files of a brought image lie: where Docker puts secrets, too."""


class Shape(Struct, frozen=True, kw_only=True):
    """How a container is made. `port` is the inner one; `folder` is where its files lie."""

    brought: bool = False
    port: int = paths.PORT
    user: str = paths.USER
    writable: bool = False
    folder: str = INSTANCE

    @property
    def listens(self) -> str:
        """The inner port in the words of the engine."""
        return f"{self.port}/tcp"


OURS = Shape()


def shape(fields: Mapping[str, Json]) -> Shape:
    """Return the shape of the container with these fields."""
    if REFERENCE not in fields:
        return OURS
    told: Mapping[str, Any] = fields
    return Shape(
        brought=True,
        port=int(told["image.port"]),
        user=str(told["image.user"]),
        writable=bool(told["image.writable"]),
        folder=SECRETS,
    )

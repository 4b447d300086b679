"""An image that already serves, in place of code and models: what a file may say of it. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Struct

from mlops.plain import NOTHING
from mlops.settings import (
    DURATION_HINT,
    IMAGE,
    IMAGE_HINT,
    POSITIVE,
    VARIABLE_NAME,
    Setting,
)
from mlops.spec import Deployment, Environment, Inference, RegistryLogin, SecretRef

PATH = "^/[^ ]*$"
USER = r"^[1-9][0-9]{0,9}(:[0-9]{1,10})?$"
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$"

BESIDE = (
    *("target", "image", "port", "host", "resources", "tags", "description", "protect"),
    *("renamed_from", "checks"),
)
"""The keys of a deployment that mean something to an image of whatever maker."""


class Brought(Struct, frozen=True, kw_only=True):
    """An image that already serves, in place of `inference` and `models`."""

    reference: Annotated[
        str,
        Setting(
            "The image; only one with a digest is the same for ever. It is pulled where the engine"
            " lacks it.",
            pattern=IMAGE,
            hint=IMAGE_HINT,
        ),
    ]
    port: Annotated[
        int, Setting("TCP port that it listens on, in the container.", minimum=1, maximum=65535)
    ] = 5001
    ready: Annotated[
        str,
        Setting(
            "Path that answers a status below 400 once it is ready.",
            pattern=PATH,
            hint="begin with `/`",
        ),
    ] = "/"
    start_timeout: Annotated[
        str,
        Setting(
            "Longest time from its start until it is ready.", pattern=POSITIVE, hint=DURATION_HINT
        ),
    ] = "60s"
    score: Annotated[
        str,
        Setting(
            "Path that `mlops invoke` asks, and checks that name none.",
            pattern=PATH,
            hint="begin with `/`",
        ),
    ] = "/score"
    environment_variables: Annotated[
        Mapping[str, str],
        Setting(
            "Environment variables: text. Whoever asks the engine sees them: a secret belongs below"
            " `secrets`.",
            names=VARIABLE_NAME,
            hint="use letters, digits and `_` in the name; begin with no digit",
        ),
    ] = NOTHING
    secrets: Annotated[
        Mapping[str, SecretRef],
        Setting(
            "Secrets, each a file `/run/secrets/NAME` in the container.",
            names=NAME,
            hint="use letters, digits, `_`, `.` and `-` in the name",
        ),
    ] = NOTHING
    user: Annotated[
        str,
        Setting(
            "Number of the user that it runs as, and of the group if that is another; never root.",
            pattern=USER,
            hint="write numbers, as `1000` or `1000:1000`",
        ),
    ] = "1000:1000"
    writable: Annotated[bool, Setting("Let it write to its root; else to /tmp alone.")] = False
    registry: Annotated[
        RegistryLogin | None, Setting("Registry of the image, where that is private.")
    ] = None


def brought_by(settings: Any) -> Brought | None:
    """Return the image that the settings of a service bring, if they do."""
    image = getattr(settings, "image", None)
    return Brought(reference=image) if isinstance(image, str) else image


def inference_of(deployment: Deployment) -> Inference:
    """Return the inference block of a deployment that brings its image: an empty one."""
    return Inference(
        name="",
        source_directory="",
        entry_script="",
        environment=Environment(python="", requirements=(), digest=""),
        where=deployment.where,
    )

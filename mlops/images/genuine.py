"""Tells an image that was made of its inputs from one that only bears its name, or its label.

Labels are inherited: by what somebody committed from a container, or built upon the image.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError

INPUTS = "mlops.image.inputs"
"""The label that names an image by its inputs. A container inherits it: it is no mark of one."""

Labels: TypeAlias = Mapping[str, str]


def made_of(labels: Labels, below: Labels, digest: str) -> bool:
    """Tell whether the labels of an image name it by these inputs, whatever its tag says. Pure.

    `below` are those of the image that the engine made it upon. What was loaded or pulled has none.
    """
    return labels.get(INPUTS) == digest != below.get(INPUTS)


def genuine_id(engine: Engine, name: str, digest: str) -> str | None:
    """Return the id of the image with a name if it was made of these inputs."""
    try:
        found = engine.images.inspected(name)
    except MissingError:
        return None
    below = labels_below(engine, str(found.get("Parent") or ""))
    return str(found["Id"]) if made_of(_labels(found), below, digest) else None


def labels_below(engine: Engine, parent: str) -> Labels:
    """Return the labels of the image that another one was made upon, if it was, in this engine."""
    try:
        return _labels(engine.images.inspected(parent)) if parent else {}
    except MissingError:
        return {}


def _labels(found: Mapping[str, Any]) -> Labels:
    return (found["Config"] or {}).get("Labels") or {}

"""Whose a container or a volume is: our mark, in its labels. Pure."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops.values import Desired, Owner, Ownership

PROJECT = "mlops.project"
SOURCE = "mlops.source"
FILE = "mlops.file"
SERVICE = "mlops.service"
BEARER = "mlops.bearer"
"""The name of what bears the mark: what has another name is a copy."""
REVISION = "mlops.revision"
IMAGE = "mlops.image-inputs"
"""The tag of the image that a container runs."""
LAID = "mlops.laid"
"""What the settings in the volume of a container are known by."""
FIELDS = "mlops.fields"
WORDS = "mlops.words"


def mark(wanted: Desired, owner: Owner, bearer: str, revision: int) -> dict[str, str]:
    """Return the labels that say whose a thing is."""
    return {
        PROJECT: owner.project,
        SOURCE: owner.source,
        FILE: str(wanted.inputs["file"]),
        SERVICE: wanted.address.name,
        BEARER: bearer,
        REVISION: str(revision),
    }


def labels_of(thing: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels of what an engine lists."""
    return thing.get("Labels") or {}


def written(labels: Mapping[str, str], key: str) -> dict[str, Any]:
    """Return the JSON object in a label; empty if there is none."""
    try:
        value = json.loads(labels.get(key, ""))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def ownership(labels: Mapping[str, str], owner: Owner, *, wanted: bool) -> tuple[Ownership, str]:
    """Return whose a thing is by its mark, and what to say of one that is not ours."""
    if labels.get(PROJECT) != owner.project:
        return Ownership.FOREIGN, f"of the project `{labels.get(PROJECT)}`"
    source = labels.get(SOURCE)
    if source and owner.source and source != owner.source:
        return Ownership.FOREIGN, f"of the repository {source}"
    told = labels.get(FILE, "")
    file = Path(owner.root, told)
    if not wanted and str(file) not in owner.files and file.is_file():
        return Ownership.FOREIGN, f"defined in `{told}`, which was not loaded"
    return Ownership.OURS, ""

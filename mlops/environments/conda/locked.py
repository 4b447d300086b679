"""The locked list of conda packages: a line each, with its address and its digest. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mlops.errors import Problem, TargetError

KEYS = (
    *("name", "version", "build", "build_number", "subdir", "noarch", "depends", "channel"),
    *("python_site_packages_path", "sha256", "size", "url"),
)
"""What is kept of what a channel says of a package: where it lies, and how it is laid out."""


def lock_text(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the list; the same packages give the same text. Raises TargetError."""
    lines = []
    for record in sorted(records, key=lambda one: str(one["name"])):
        if not record.get("sha256"):
            raise TargetError(
                Problem(
                    summary=f"the channel `{record.get('channel')}` tells no SHA-256 of"
                    f" `{record['name']}`, so its bytes can't be checked",
                    hint="index the channel again by a current conda-index or rattler-index",
                )
            )
        lines.append(json.dumps({key: record[key] for key in KEYS if record.get(key) is not None}))
    return "".join(f"{line}\n" for line in lines)


def lock_records(text: str) -> tuple[Mapping[str, Any], ...]:
    """Return what a list says of each package."""
    return tuple(json.loads(line) for line in text.splitlines())


def conda_packages(text: str) -> tuple[str, ...]:
    """Return the packages of a list, as `numpy=1.26.4`."""
    return tuple(f"{one['name']}={one['version']}" for one in lock_records(text))


def python_of(text: str) -> str:
    """Return the version of the Python in a list, as `3.11`. Raises TargetError without one."""
    for one in lock_records(text):
        if one["name"] == "python":
            return ".".join(str(one["version"]).split(".")[:2])
    raise TargetError(
        Problem(
            summary="no conda package of the image is a Python",
            hint="name `python` in the conda file",
        )
    )

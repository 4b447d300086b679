"""Checks what a file says of an image: that it is one, and lies where its registry is."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from mlops.clients.oci.reference import reference
from mlops.clients.text import brief
from mlops.clients.yaml import Steps
from mlops.errors import Problem, SpecError
from mlops.load.merge import Merged
from mlops.settings import IMAGE


def check_image(merged: Merged, image: Any, path: Steps) -> Iterator[Problem]:
    """Tell what is no reference of an image, or lies at another registry than who asks for it."""
    told = image if isinstance(image, dict) else {"reference": image}
    text, registry = told.get("reference"), told.get("registry")
    place = (*path, "reference") if isinstance(image, dict) else path
    if not isinstance(text, str) or not re.fullmatch(IMAGE, text):
        return  # the schema said so
    try:
        host = reference(text).host
    except SpecError as error:
        yield from (replace(one, where=merged.value(place)) for one in error.problems)
        return
    address = registry.get("address") if isinstance(registry, dict) else None
    if isinstance(address, str) and address != host:
        yield Problem(
            summary=f"`{brief(text)}` lies at `{host}`, not at the registry `{brief(address)}`",
            where=merged.value((*path, "registry", "address")),
            hint=f"write `address: {host}`, or begin the reference with `{brief(address)}/`",
        )

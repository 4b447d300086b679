"""How things of ours are called in an engine, so that a second one collides. Pure.

The service `mnist` of the project `digits` is the container `digits-mnist`. While it is changed,
`digits-mnist.trial` tries the new settings, `digits-mnist.next` waits for the port, and
`digits-mnist.old` is what served before. Its settings lie in the volume `digits-mnist.a` or
`digits-mnist.b`, in turn.
"""

import re

TRIAL, NEXT, OLD = ".trial", ".next", ".old"
PASSING = (TRIAL, NEXT, OLD)
"""Endings of the names of containers that live no longer than a change."""

SLOTS = (".a", ".b")
"""Endings of the names of volumes."""

HEX = re.compile(r"[0-9a-f]{64}")


def container_name(project: str, service: str) -> str:
    """Return the name of the container of a service."""
    return f"{project}-{service}"


def passing_names(project: str, service: str) -> tuple[str, ...]:
    """Return the names of the containers of a service that live no longer than a change."""
    return tuple(container_name(project, service) + ending for ending in PASSING)


def image_name(digest: str) -> str:
    """Return the name of the thing that an image is in a plan."""
    return digest.removeprefix("sha256:")[:12]


def local_repository(project: str) -> str:
    """Return what images are called that no repository holds."""
    return f"mlops/{project}"


def image_tag(reference: str, repository: str) -> str:
    """Return the tag of an image of ours, `<repository>:<64 hex digits>`; empty for another."""
    name, _, tag = reference.rpartition(":")
    return tag if name == repository and HEX.fullmatch(tag) else ""

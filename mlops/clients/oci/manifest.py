"""The documents that describe an image: index, manifest, configuration. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from mlops.errors import Problem, TargetError
from mlops.hashing import digest_bytes
from mlops.plain import canonical

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
TAR = "application/vnd.oci.image.layer.v1.tar"
MANIFESTS = (MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")
ACCEPT = ", ".join((*MANIFESTS, *INDEXES))

_TO_OCI = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": f"{TAR}+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": f"{TAR}+zstd",
    "application/vnd.docker.image.rootfs.diff.tar": TAR,
}
"""What Docker calls the same bytes; an image may not mix both languages."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a document that are read; registries take 4 MiB."""


class Descriptor(Struct, frozen=True, kw_only=True):
    """Some bytes in a registry: what they are, their digest and how many they are."""

    media_type: str
    digest: str
    size: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What an image is made of. `digest` names it."""

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]


def chosen(body: bytes, platform: str, name: str) -> str:
    """Return the digest that an index has for a platform; empty for what is no index.

    Raises TargetError if it has none.
    """
    document = read_json(body, name)
    listed = document.get("manifests")
    if not isinstance(listed, list):
        return ""
    found = {_platform(one): str(one["digest"]) for one in reversed(listed) if _is_image(one)}
    for wanted in (platform, f"{platform}/v8" if platform == "linux/arm64" else platform):
        if wanted in found:
            return found[wanted]
    raise TargetError(
        Problem(
            summary=f"`{name}` has no image for `{platform}`",
            hint=f"it has {', '.join(sorted(found))}; choose one of these, or another base",
        )
    )


def manifest_of(body: bytes, name: str) -> Manifest:
    """Return what a manifest says. Raises TargetError for what is none."""
    document = read_json(body, name)
    try:
        config = _descriptor(document["config"])
        layers = tuple(_descriptor(layer) for layer in document["layers"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(name) from error
    return Manifest(digest=digest_bytes(body), config=config, layers=layers)


def manifest_bytes(config: Descriptor, layers: Sequence[Descriptor]) -> bytes:
    """Return the manifest of an image, in OCI's language."""
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _plain(config),
            "layers": [_plain(layer) for layer in layers],
        }
    )


def read_json(body: bytes, name: str) -> Mapping[str, Any]:
    """Return the object that a document is. Raises TargetError for anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable(name) from error
    if not isinstance(document, dict):
        raise _unreadable(name)
    return document


def _descriptor(record: Mapping[str, Any]) -> Descriptor:
    given = str(record["mediaType"])
    digest, size = str(record["digest"]), int(record["size"])
    return Descriptor(media_type=_TO_OCI.get(given, given), digest=digest, size=size)


def _plain(one: Descriptor) -> dict[str, Any]:
    return {"mediaType": one.media_type, "digest": one.digest, "size": one.size}


def _platform(record: Mapping[str, Any]) -> str:
    platform = record["platform"]
    parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
    return "/".join(str(part) for part in parts if part)


def _is_image(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("platform"), dict)


def _unreadable(name: str) -> TargetError:
    return TargetError(
        Problem(
            summary=f"the registry's description of `{name}` can't be understood",
            hint="use an image of OCI's or Docker's second format: push it again",
        )
    )

"""What is laid into the volume of a service, and whether it is still as it was laid. Pure.

A file bears a time that nobody's clock shows any more: whoever writes it later leaves another one.
So it is known to be untouched by its size, mode and time, and no secret in it is ever read again.
That of the keys tells their generations, since they change while a container lives.
"""

import io
import secrets
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from mlops.images import paths
from mlops.plain import NOTHING
from mlops.spec import Json
from mlops.targets.docker.moments import seconds
from mlops.targets.docker.shape import shape

SETTINGS = "settings.json"
KEYS = "keys.json"
"""The keys that the server takes; it reads them again when they change."""
TLS = "tls.pem"
"""The certificate and its private key, one after the other; read again when they change."""

MODE = 0o600
NEWEST = 10**9
"""Seconds since 1970 that no file is laid with a time of: September 2001."""

MANY = 2**14
"""Generations of a key that a time can tell."""

FOLDER = "modeldata"
"""Folder of the volume of collected data: v1's name."""

WHOLE, EDITED = "whole", "edited"


class File(Struct, frozen=True, kw_only=True):
    """A file for a volume. `stamp` is its time, in seconds since 1970."""

    data: bytes
    stamp: int


def any_stamp() -> int:
    """Return a time that no other file has."""
    return secrets.randbelow(NEWEST - MANY * MANY) + MANY * MANY


def keys_stamp(primary: int, secondary: int) -> int:
    """Return the time of keys of these generations."""
    return primary % MANY * MANY + secondary % MANY


def label(settings: File) -> str:
    """Return what a container is labelled with, to know its settings by."""
    return f"{len(settings.data)} {settings.stamp}"


def archive(
    files: Mapping[str, File], links: Mapping[str, str] = NOTHING, user: str = paths.USER
) -> bytes:
    """Return a tar for the volume of a service: files that `user` alone may read, and links."""
    uid, _, gid = user.partition(":")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, file in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(file.data), MODE, file.stamp
            info.uid, info.gid = int(uid), int(gid or uid)
            tar.addfile(info, io.BytesIO(file.data))
        for name, goal in sorted(links.items()):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, goal
            tar.addfile(link)
    return out.getvalue()


def data_folder() -> bytes:
    """Return a tar of the folder for collected data, which the server alone may read and write."""
    uid, _, gid = paths.USER.partition(":")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(FOLDER)
        info.type, info.mode = tarfile.DIRTYPE, 0o700
        info.uid, info.gid = int(uid), int(gid)
        tar.addfile(info)
    return out.getvalue()


def wanted_files(told: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the files that the volume of a service must hold, by its fields."""
    if shape(told).brought:
        return tuple(path.partition(".")[2] for path in told if path.startswith("secrets."))
    return (
        SETTINGS,
        *((KEYS,) if "auth.type" in told else ()),
        *((TLS,) if told.get("scheme") == "https" else ()),
    )


def laid_fields(labelled: str, found: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Json]:
    """Return the fields that the files of a volume tell.

    `labelled` is what the container says of its settings; `found` is what the engine says of each
    file that was looked for: size, mode, time.
    """
    return {path: value for name in found for path, value in _told(name, labelled, found[name])}


def _told(name: str, labelled: str, stat: Mapping[str, Any] | None) -> Iterator[tuple[str, Json]]:
    stamp = _stamp(stat)
    if name == SETTINGS:
        same = stat is not None and labelled == f"{stat['size']} {stamp}"
        yield "settings", WHOLE if same else EDITED
    elif name == KEYS:
        primary, secondary = divmod(stamp, MANY)
        for slot, generation in (("primary", primary), ("secondary", secondary)):
            yield f"auth.{slot}", generation or EDITED
    elif not stamp and name != TLS:
        yield f"secrets.{name}", EDITED
    elif not stamp:
        yield from (("tls.certificate", EDITED), ("tls.key", EDITED))


def _stamp(stat: Mapping[str, Any] | None) -> int:
    """Return the time that a file was laid with; 0 if it is not there, or somebody's since."""
    if stat is None or stat["mode"] != MODE:
        return 0
    moment = seconds(str(stat["mtime"]))
    return int(moment) if moment == int(moment) and 0 < moment < NEWEST else 0

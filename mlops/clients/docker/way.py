"""Where an engine answers, and with which certificates: as the `docker` program would find out.

Reads its configuration and contexts, which the SDK knows only in part. Asks nobody.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.errors import CredentialsError, Problem, TargetError

SOCKET = "unix:///var/run/docker.sock"
DEFAULT = "default"
"""The context that no file tells of."""

OVER_TCP = ("tcp://", "https://")


class Certificates(Struct, frozen=True, kw_only=True):
    """Who vouches for an engine, and who we are. None of it where a file is not there."""

    authority: Path | None
    certificate: Path | None
    key: Path | None
    verified: bool


class Way(Struct, frozen=True, kw_only=True):
    """How an engine is reached: `certificates` are those of a connection by TLS, in `folder`."""

    address: str
    certificates: Certificates | None = None
    folder: str = ""


def way(host: str | None, context: str | None, environ: Mapping[str, str] = os.environ) -> Way:
    """Return how the engine of a `host` or a `context` is reached, or else the one of `docker`.

    Raises TargetError for a context that is not there.
    """
    folder = _folder(environ)
    if host or (environ.get("DOCKER_HOST") and not context):
        return _at(host or environ["DOCKER_HOST"], folder, environ)
    name = context or environ.get("DOCKER_CONTEXT") or _current(folder)
    return _at(SOCKET, folder, environ) if name == DEFAULT else _context(name, folder)


def _folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _current(folder: Path) -> str:
    return str(_read(folder / "config.json").get("currentContext") or DEFAULT)


def _at(address: str, folder: Path, environ: Mapping[str, str]) -> Way:
    """Return the way to an address, with the certificates that the environment tells of."""
    verified = bool(environ.get("DOCKER_TLS_VERIFY"))
    if not address.startswith(OVER_TCP) or not (verified or environ.get("DOCKER_TLS")):
        return Way(address=address)
    place = Path(environ.get("DOCKER_CERT_PATH") or folder)
    found = _certificates(place, verified=verified)
    return Way(address=address, certificates=found, folder=str(place))


def check_certificates(found: Way) -> None:
    """Raise CredentialsError where certificates are asked for, and are not there."""
    told = found.certificates
    if told is None or not told.verified or told.authority is not None:
        return
    problem = Problem(
        summary=f"no `ca.pem` in `{found.folder}` vouches for the Docker engine at"
        f" `{found.address}`",
        hint="set `DOCKER_CERT_PATH` to the folder of `ca.pem`, `cert.pem` and `key.pem`",
    )
    raise CredentialsError(problem)


def _context(name: str, folder: Path) -> Way:
    ident = hashlib.sha256(name.encode()).hexdigest()
    told = _read(folder / "contexts" / "meta" / ident / "meta.json")
    endpoints = told.get("Endpoints")
    endpoint = endpoints.get("docker") if isinstance(endpoints, dict) else None
    if not isinstance(endpoint, dict) or not endpoint.get("Host"):
        problem = Problem(
            summary=f"this machine has no Docker context `{name}`",
            hint="choose one of `docker context ls`",
        )
        raise TargetError(problem)
    skipped = bool(endpoint.get("SkipTLSVerify"))
    place = folder / "contexts" / "tls" / ident / "docker"
    used = place.is_dir() or skipped
    certificates = _certificates(place, verified=not skipped) if used else None
    return Way(address=str(endpoint["Host"]), certificates=certificates)


def _certificates(folder: Path, *, verified: bool) -> Certificates:
    names = ("ca.pem", "cert.pem", "key.pem")
    authority, certificate, key = (
        file if file.is_file() else None for file in (folder / name for name in names)
    )
    return Certificates(authority=authority, certificate=certificate, key=key, verified=verified)


def _read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; empty if there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

"""Who we are for a registry: what Docker's own configuration says of it, helpers included.

Helpers are programs: they are run only where this is called, which is never while planning.
"""

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.clients.oci.reference import HUB, HUB_HOST
from mlops.errors import Problem, TargetError

HELPER_TIMEOUT = 30.0
"""Seconds that a helper may take, which may ask a key chain or a cloud."""

_HUB_KEY = "https://index.docker.io/v1/"
_TOKEN_USER = "<token>"  # noqa: S105  what helpers say in place of a user
_ABSENT = "credentials not found"


class Login(Struct, frozen=True, kw_only=True):
    """A user with a password, or an identity token that is exchanged for others."""

    username: str = ""
    password: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"Login(username={self.username!r})"


def docker_login(host: str, config: Path | None = None) -> Login | None:
    """Return what Docker's configuration says for a host; None if it says nothing.

    Raises TargetError if a helper that it names fails.
    """
    known = _read(config or _config_file())
    for key in _keys(host):
        helper = _mapping(known, "credHelpers").get(key)
        if isinstance(helper, str):
            return _helped(helper, key)
    store = known.get("credsStore")
    for key in _keys(host):
        found = _helped(store, key) if isinstance(store, str) and store else None
        found = found or _written(_mapping(known, "auths").get(key))
        if found:
            return found
    return None


def told(login: Login | None) -> dict[str, str] | None:
    """Return who we are as an engine is told it, which passes it on to the registry."""
    if login is None:
        return None
    if login.token:
        return {"identitytoken": login.token}
    return {"username": login.username, "password": login.password}


def _config_file() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path("~/.docker").expanduser()) / "config.json"


def _read(file: Path) -> Mapping[str, Any]:
    try:
        known = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _keys(host: str) -> tuple[str, ...]:
    """Return the names under which programs keep the credentials of a host."""
    if host in (HUB, HUB_HOST):
        return (_HUB_KEY, HUB, "index.docker.io", HUB_HOST)
    return (host, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/", f"http://{host}")


def _written(entry: Any) -> Login | None:
    """Return the credentials of an entry of `auths`."""
    if not isinstance(entry, dict):
        return None
    if isinstance(entry.get("identitytoken"), str) and entry["identitytoken"]:
        return Login(token=entry["identitytoken"])
    try:
        text = base64.b64decode(str(entry.get("auth", ""))).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    username, _, password = text.rstrip("\0").partition(":")
    username = username or str(entry.get("username", ""))
    password = password or str(entry.get("password", ""))
    return Login(username=username, password=password) if username else None


def _helped(helper: str, key: str) -> Login | None:
    """Ask a helper. Raises TargetError with its own words, but if it knows nothing of the host."""
    if not re.fullmatch(r"[\w.-]+", helper):
        raise _failed(helper, key, "it is no name of a program")
    try:
        done = subprocess.run(
            [f"docker-credential-{helper}", "get"],
            input=key,
            capture_output=True,
            text=True,
            check=False,
            timeout=HELPER_TIMEOUT,
        )
    except OSError as error:
        raise _failed(helper, key, error.strerror or str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise _failed(helper, key, f"no answer after {HELPER_TIMEOUT:.0f} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        if _ABSENT in said:
            return None
        raise _failed(helper, key, said.splitlines()[-1] if said else f"code {done.returncode}")
    try:
        answer = json.loads(done.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise _failed(helper, key, "its answer can't be understood") from error
    if username == _TOKEN_USER:
        return Login(token=secret)
    return Login(username=username, password=secret)


def _failed(helper: str, key: str, why: str) -> TargetError:
    return TargetError(
        Problem(
            summary=f"the credential helper `{helper}` failed for `{key}`: {why}",
            hint="log in again, or correct Docker's `config.json`",
        )
    )


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}

"""What `ssh` is called with to reach the engine of an address. Pure.

The same as the `docker` program calls it with, but that it never asks a question: what else `ssh`
reads counts, its configuration, its agent and its known hosts.
"""

import re
import shlex
from urllib.parse import SplitResult, unquote, urlsplit

from mlops.errors import Problem, TargetError

CONNECT = 10
"""Seconds that the other machine may take to take a connection."""

OPTIONS = ("-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT}", "-o", "LogLevel=ERROR")


def over_ssh(address: str) -> bool:
    """Tell whether an engine is reached by `ssh`."""
    return address.startswith("ssh://")


def dialling(address: str) -> list[str]:
    """Return the command whose input and output are a connection to the engine of an address.

    Raises TargetError for what is no such address.
    """
    parts = _parts(address)
    user = ["-l", _user(parts)] if parts.username else []
    path = parts.path.rstrip("/")
    place = ["--host", f"unix://{path}"] if path else []
    dial = shlex.join(["docker", *place, "system", "dial-stdio"])
    return ["ssh", *OPTIONS, *user, *_port(parts), "--", _host(parts), dial]


def by_hand(address: str) -> str:
    """Return what somebody would type to get to the machine of an address."""
    parts = _parts(address)
    user = f"{_user(parts)}@" if parts.username else ""
    return shlex.join(["ssh", *_port(parts), f"{user}{_host(parts)}"])


def _parts(address: str) -> SplitResult:
    parts = urlsplit(address)
    try:
        fit = parts.hostname and not _host(parts).startswith("-") and parts.port != 0
    except ValueError:  # a port that is no number
        fit = False
    if not fit or parts.password is not None:
        problem = Problem(
            summary="the address of the Docker engine is none that `ssh` takes",
            hint="write `ssh://host`, `ssh://user@host` or `ssh://user@host:port`, no password",
        )
        raise TargetError(problem)
    return parts


def _user(parts: SplitResult) -> str:
    return unquote(parts.username or "")


def _port(parts: SplitResult) -> list[str]:
    return ["-p", str(parts.port)] if parts.port else []


def _host(parts: SplitResult) -> str:
    """Return the host as it is written: a configuration of `ssh` tells names apart by case."""
    return re.sub(r":\d*$", "", parts.netloc.rpartition("@")[2]).strip("[]")

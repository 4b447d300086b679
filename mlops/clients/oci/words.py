"""What a registry refuses, in its own words, as errors of ours. Pure."""

import json
import os
from collections.abc import Iterator
from http.client import responses
from typing import Any

from mlops.clients.download import PASSING
from mlops.errors import Problem, TargetError

_FULL = "no space left"

LONGEST = 300
"""Characters of a registry's words that are shown."""


def refused(host: str, what: str, status: int, body: bytes) -> TargetError:
    """Return the error that a registry did not do `what`."""
    said = words(body)
    if status == 401:
        return TargetError(
            Problem(
                summary=f"the registry `{host}` does not accept who we are{_told(said)}",
                hint=f"correct the user and the password for `{host}`, or `docker login {host}`",
            )
        )
    if status == 403:
        return TargetError(
            Problem(
                summary=f"the registry `{host}` does not let us {what}{_told(said)}",
                hint="ask for the right to do so, or use another repository",
            )
        )
    name = f"{status} {responses.get(status, '')}".strip()
    full = _FULL in said.lower()
    return TargetError(
        Problem(
            summary=f"the registry `{host}` did not {what}: {name}{_told(said)}",
            hint="make room in the registry, then apply again" if full else "apply again",
        )
    )


def may_pass(status: int, body: bytes) -> bool:
    """Tell whether the same request may well be answered better in a moment."""
    return status in PASSING and _FULL not in words(body).lower()


def mixed(host: str, digest: str) -> TargetError:
    """Return the error that a registry gave other bytes than those it was asked for."""
    return TargetError(
        Problem(
            summary=f"the registry `{host}` gave other bytes for `{digest}`",
            hint="something between here and there is broken, or lies; try another network",
        )
    )


def words(body: bytes) -> str:
    """Return the sentences of an answer that says what is wrong."""
    try:
        errors = json.loads(body)["errors"]
        parts = [part for error in errors for part in _parts(error)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        parts = []
    return "; ".join(dict.fromkeys(parts))[:LONGEST]


def _parts(error: Any) -> Iterator[str]:
    message = error.get("message") or error.get("code")
    if message:
        yield str(message)
    yield from _detail(error.get("detail"))


def _detail(detail: Any) -> Iterator[str]:
    """Yield what the detail of an error says; the registry tells a full disk as `"Err": 28`."""
    if isinstance(detail, str):
        yield detail
    elif isinstance(detail, dict):
        for key, value in detail.items():
            if key == "Err" and isinstance(value, int):
                yield os.strerror(value).lower()
            elif isinstance(value, dict):
                yield from _detail(value)


def _told(said: str) -> str:
    return f": {said}" if said else ""

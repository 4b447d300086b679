"""What a service may choose about its worker: settings, then the environment, then a default.

| `serving` key | environment | values |
|---|---|---|
| `casts` | `MLOPS_CASTS` | `strict` (default): lossy casts are refused; `v1` |
| `not_finite` | `MLOPS_NOT_FINITE` | `error` (default): NaN in a result is a 500; `null` |
| `swagger_samples` | `MLOPS_SWAGGER_SAMPLES` | `true` (default): samples are shown, as in v1 |
| `concurrency` | `MLOPS_CONCURRENCY` | `run()`s at once: 1 unless said; 16 for `async def run` |
| `collect` | `AML_MODEL_DC_STORAGE_ENABLED` | off unless said; see `collecting` |
"""

import os
from typing import Any, Mapping

ASYNC_CONCURRENCY = 16
STORED = 8 * 1024 * 1024
"""Bytes of a file of collected data that goes to a store: each change of it is sent whole."""


class OptionError(Exception):
    """A setting has a value that it cannot have."""


class Options:
    """The choices of one service."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        given = plan.get("serving") or {}
        self.strict = choice(given, "casts", ("strict", "v1")) == "strict"
        self.not_finite = choice(given, "not_finite", ("error", "null"))
        self.samples = switch(said(given, "swagger_samples", "true"))
        self.concurrency = count(said(given, "concurrency", 0))
        self.collect = given.get("collect")
        self.json = plan.get("logs") == "json"
        self.auth = bool(plan.get("auth"))
        self.code = str(plan.get("code", ""))
        self.timeout = float(plan["timeout"])


def said(given: Mapping[str, Any], name: str, default: Any) -> Any:
    """Return what was said about `name`."""
    return given.get(name, os.environ.get("MLOPS_" + name.upper(), default))


def choice(given: Mapping[str, Any], name: str, allowed: Any) -> str:
    """Return one of the allowed words; the first unless another is said."""
    value = str(said(given, name, allowed[0])).lower()
    if value not in allowed:
        raise OptionError(f"`serving.{name}` is {value!r}, but must be one of {', '.join(allowed)}")
    return value


def switch(value: Any) -> bool:
    """Read a switch."""
    return str(value).strip().lower() in ("true", "1", "yes", "on")


def count(value: Any) -> int:
    """Read how many; 0 for nothing said."""
    try:
        number = int(value or 0)
    except ValueError:
        number = -1
    if number < 0:
        raise OptionError(f"`serving.concurrency` is {value!r}, but must be a number from 1 on")
    return number

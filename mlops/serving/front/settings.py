"""`settings.json` of an instance folder -> values. Reads only."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any


class UnfitError(Exception):
    """The service cannot start; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may ask for, in seconds, requests and bytes."""

    timeout: float = 300.0
    queue: int = 100
    max_wait: float | None = None
    workers: int = 1
    max_body: int = 100 * 1024 * 1024  # v1's nginx


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model version: paths under its folder -> the files that hold their bytes."""

    name: str
    version: str
    files: Mapping[str, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the server is told about the service it runs."""

    service: str
    host: str
    port: int
    python: str
    code: Path
    entry_script: str
    source_name: str
    models: tuple[Model, ...]
    environment_variables: Mapping[str, str]
    limits: Limits
    drain_grace: float


def settings(folder: Path) -> tuple[Settings, str]:
    """Return the settings of an instance folder and the digest of the bytes they came from."""
    try:
        text = (folder / "settings.json").read_bytes()
    except OSError as error:
        raise UnfitError(f"`settings.json` cannot be read: {error.strerror}") from None
    try:
        return parse(json.loads(text), folder), hashlib.sha256(text).hexdigest()
    except KeyError as error:
        raise UnfitError(f"`settings.json` has no `{error.args[0]}`") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise UnfitError(f"`settings.json` cannot be understood: {error}") from None


def parse(given: Mapping[str, Any], folder: Path) -> Settings:
    """Read the document of an instance folder."""
    code = folder / given.get("code", "code")
    entry = inside(given["entry_script"], "entry_script")
    return Settings(
        service=str(given["service"]),
        host=str(given.get("host", "127.0.0.1")),
        port=int(given["port"]),
        python=str(given["python"]),
        code=code,
        entry_script=entry,
        source_name=str(given.get("source_name", code.name)),
        models=tuple(model(one) for one in given.get("models", ())),
        environment_variables={
            str(name): str(value) for name, value in given.get("environment_variables", {}).items()
        },
        limits=limits(given.get("serving", {})),
        drain_grace=float(given.get("drain_grace", 10.0)),
    )


def limits(given: Mapping[str, Any]) -> Limits:
    """Read the `serving` block."""
    known = Limits()
    wait = given.get("max_wait")
    found = Limits(
        timeout=float(given.get("timeout", known.timeout)),
        queue=int(given.get("queue", known.queue)),
        max_wait=None if wait is None else float(wait),
        workers=int(given.get("workers", known.workers)),
        max_body=int(given.get("max_body", known.max_body)),
    )
    if found.timeout <= 0 or found.workers < 1 or found.queue < 0 or found.max_body < 0:
        raise UnfitError("`serving` in `settings.json` holds a number out of range")
    return found


def model(given: Mapping[str, Any]) -> Model:
    """Read one model."""
    name, version = str(given["name"]), str(given["version"])
    if {"/", "\\"} & set(name + version) or {name, version} & {"", ".", ".."}:
        raise UnfitError(f"`{name}:{version}` is no model and version")
    files = {inside(one["path"], "path"): Path(one["blob"]) for one in given["files"]}
    return Model(name=name, version=version, files=files)


def inside(path: str, what: str) -> str:
    """Refuse a path that leads out of the folder it is relative to."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise UnfitError(f"`{what}` `{path}` leads out of its folder")
    return str(pure)

"""`settings.json` of an instance folder -> values. Reads only."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from .checks import checks
from .limits import Limits, UnfitError, limits, split
from .private import secret_variables
from .rotation import LogFile, log_file
from .rules import Logs, Tls, choice, logs, origins, tls

OPEN, AUTHENTICATED, OFF = "open", "authenticated", "off"


class Model(NamedTuple):
    """One model version: paths under its folder -> the files that hold their bytes."""

    name: str
    version: str
    files: Mapping[str, Path]


class Settings(NamedTuple):
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
    worker: Mapping[str, Any]
    drain_grace: float
    drain_delay: float
    keys: Path | None
    tls: Tls | None
    cors: tuple[str, ...]
    swagger: str
    metrics: str
    logs: Logs
    log_file: LogFile | None
    checks: tuple[Mapping[str, Any], ...]
    document: Mapping[str, Any]  # as given


def settings(folder: Path) -> tuple[Settings, str]:
    """Return the settings of an instance folder and the digest of the bytes they came from."""
    text = raw(folder)
    try:
        return parse(json.loads(text), folder), digest(text)
    except KeyError as error:
        raise UnfitError(f"`settings.json` has no `{error.args[0]}`") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise UnfitError(f"`settings.json` cannot be understood: {error}") from None


def raw(folder: Path) -> bytes:
    """Return the bytes of the settings."""
    try:
        return (folder / "settings.json").read_bytes()
    except OSError as error:
        raise UnfitError(f"`settings.json` cannot be read: {error.strerror}") from None


def digest(text: bytes) -> str:
    """Name settings by their bytes."""
    return hashlib.sha256(text).hexdigest()


def parse(given: Mapping[str, Any], folder: Path) -> Settings:
    """Read the document of an instance folder."""
    code = folder / inside(given.get("code", "code"), "code")
    entry = inside(given["entry_script"], "entry_script")
    variables = {
        str(name): str(value) for name, value in given.get("environment_variables", {}).items()
    }
    if given.get("secret_variables"):
        file = inside(given["secret_variables"]["file"], "secret_variables")
        variables.update(secret_variables(folder / file))
    serving, worker = split(given.get("serving", {}))
    locked = given.get("auth") is not None
    return Settings(
        service=str(given["service"]),
        host=str(given.get("host", "127.0.0.1")),
        port=int(given["port"]),
        python=str(given["python"]),
        code=code,
        entry_script=entry,
        source_name=str(given.get("source_name", code.name)),
        models=tuple(model(one) for one in given.get("models", ())),
        environment_variables=variables,
        limits=limits(serving, variables),
        worker=worker,
        drain_grace=float(given.get("drain_grace", 10.0)),
        drain_delay=float(given.get("drain_delay", 0.0)),
        keys=folder / given["auth"].get("file", "keys.json") if locked else None,
        tls=tls(given.get("tls"), folder),
        cors=origins(given.get("cors"), variables),
        swagger=choice(given, "swagger", [AUTHENTICATED if locked else OPEN, *POLICIES]),
        metrics=choice(given, "metrics", [AUTHENTICATED if locked else OPEN, *POLICIES]),
        logs=logs(given.get("logs", {})),
        log_file=log_file(given.get("log_file"), folder),
        checks=judged(given.get("checks") or ()),
        document=given,
    )


POLICIES = (OPEN, AUTHENTICATED, OFF)


def judged(given: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return the checks as they are written, once they can be read."""
    checks(given, "")
    return tuple(given)


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

"""What an instance folder says about its service: its fields, its owner, its state.

Trusts nothing that it can look at: code is hashed, links are followed, the process is asked for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops.claims import port_claim
from mlops.code import code_of
from mlops.environments.build import installed
from mlops.errors import MlopsError
from mlops.hashing import HashCache, short
from mlops.plain import freeze
from mlops.services import checks_digest, endpoint
from mlops.spec import Json
from mlops.targets.process.keyring import seen_keys
from mlops.targets.process.leftovers import leftovers
from mlops.targets.process.logs import last_lines
from mlops.targets.process.private import whole
from mlops.targets.process.settings import IMPACT
from mlops.targets.process.world import Instance
from mlops.values import Address, Health, Impact, Observed, Owner, Ownership

LAST = 20
"""Lines of a log that a failure shows where the server did not say which."""

UNCOMPARED = ("collect", "renewed")
"""What settings.json says of serving, and a file elsewhere or not at all."""

EDITED = "edited"
"""Stands for the value of what was changed within an instance folder."""


def observed_service(
    place: str, instance: Instance, owner: Owner, cache: HashCache, *, wanted: bool
) -> Observed:
    """Return the service of an instance folder as it is now."""
    settings = instance.settings
    name = instance.folder.name
    ownership, state = _ownership(instance, owner, wanted=wanted)
    fields = _fields(instance, cache)
    environment = short(str(settings.get("environment", "")))
    return Observed(
        address=Address(place=place, kind="service", name=name),
        fields=freeze(fields),
        identity=str(instance.pid or ""),
        ownership=ownership,
        needs=(Address(place=place, kind="environment", name=environment),) if environment else (),
        claims=_claims(instance) if ownership is Ownership.OURS else (),
        labels=freeze(_labels(instance, fields)),
        endpoint=_endpoint(settings),
        trust=str(_mapping(settings, "tls").get("certificate", "")),
        protect=fields.get("protect") is True,
        state=state or process_state(instance),
        since=str(instance.record.get("created", "")) if instance.pid else "",
    )


def _claims(instance: Instance) -> tuple[str, ...]:
    """Return what a living server listens on, as it says itself."""
    port = instance.record.get("port") if instance.pid else None
    return (port_claim(str(instance.record.get("host")), port),) if isinstance(port, int) else ()


def _endpoint(settings: Mapping[str, Any]) -> str:
    host, port = str(settings.get("host")), settings.get("port")
    return endpoint(host, port, _scheme(settings)) if isinstance(port, int) else ""


def process_state(instance: Instance) -> str:
    """Return `ready`, `starting`, `unfit`, `draining`, `failed` or `stopped`."""
    told = str(instance.record.get("state", ""))
    if instance.pid is None:
        return "failed" if told == "failed" else "stopped"
    return told if instance.record.get("pid") == instance.pid else "starting"


def failure(instance: Instance) -> Health:
    """Return why a server ended, with the last lines that it wrote since its start."""
    error = _mapping(instance.record, "error")
    summary = str(error.get("summary") or "the server ended before it was ready")
    told = tuple(str(line) for line in _sequence(error, "log"))
    log = told or tuple(last_lines(instance.folder / "server.log", LAST))
    return Health(ready=0, failed=1, total=1, summary=summary, log=log)


def _ownership(instance: Instance, owner: Owner, *, wanted: bool) -> tuple[Ownership, str]:
    """Return whose a folder is, and what to say of one that is not ours."""
    mark = _mapping(instance.mark, "mark") or _mapping(instance.settings, "mark")
    if not mark and instance.pid is None and _empty(instance.folder):
        return Ownership.OURS, ""  # an apply was cut short before its mark
    if not mark:
        return Ownership.FOREIGN, "a folder without a mark"
    if mark.get("name") != instance.folder.name:
        return Ownership.COPY, f"a copy of `{mark.get('name')}`"
    stranger = _stranger(mark, owner)
    if stranger:
        return Ownership.FOREIGN, stranger
    file = Path(owner.root, str(mark.get("file")))
    if not wanted and str(file) not in owner.files and file.is_file():
        return Ownership.FOREIGN, f"defined in `{mark.get('file')}`, which was not loaded"
    return Ownership.OURS, ""


def _empty(folder: Path) -> bool:
    """Tell whether nothing but half-written marks is in a folder."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return all(name.startswith(".mark.json.") for name in names)


def _stranger(mark: Mapping[str, Any], owner: Owner) -> str:
    """Return whose mark it is, in words; nothing if it is the owner's."""
    if mark.get("project") != owner.project:
        return f"of the project `{mark.get('project')}`"
    source = mark.get("source")
    if source and owner.source and source != owner.source:
        return f"of the repository {source}"
    return ""


def _fields(instance: Instance, cache: HashCache) -> dict[str, Json]:
    settings = instance.settings
    serving = _mapping(settings, "serving")
    fields = _told(instance)
    fields |= {
        f"models.{model.get('name')}": _model(instance.folder, model)
        for model in _sequence(settings, "models")
        if isinstance(model, dict)
    }
    fields |= {
        "code": _code(instance, cache),
        "entry_script": settings.get("entry_script"),
        "environment": _environment(settings),
        "host": settings.get("host"),
        "port": settings.get("port"),
        "server": settings.get("server"),
        "checks": checks_digest(_sequence(settings, "checks")),
        "process": _process(instance),
        "leftovers": ", ".join(path.name for path in leftovers(instance.folder)) or None,
        **_facing(settings),
    }
    fields |= {f"serving.{key}": value for key, value in serving.items() if key not in UNCOMPARED}
    variables = _mapping(settings, "environment_variables")
    variables |= _secrets(instance)
    fields |= seen_keys(instance, EDITED)
    fields |= {f"environment_variables.{key}": value for key, value in variables.items()}
    return {path: value for path, value in fields.items() if value is not None}


def _secrets(instance: Instance) -> dict[str, Any]:
    """Return the place and the identity of each secret variable, if their file is untouched."""
    told = _mapping(instance.settings, "secret_variables")
    references = _mapping(told, "references")
    if whole(instance.folder, told):
        return references
    return dict.fromkeys(references, EDITED)


def _facing(settings: Mapping[str, Any]) -> dict[str, Json]:
    """Return the fields of how a service faces its clients."""
    groups = {name: _mapping(settings, name) for name in ("tls", "logs")}
    groups["collect_model_data"] = _mapping(_mapping(settings, "serving"), "collect")
    fields: dict[str, Json] = {
        f"{name}.{key}": value for name, group in groups.items() for key, value in group.items()
    }
    fields |= {"metrics": settings.get("metrics"), "swagger": settings.get("swagger")}
    fields |= {"cors.origins": settings.get("cors"), "scheme": _scheme(settings)}
    return fields


def _scheme(settings: Mapping[str, Any]) -> str:
    return "https" if _mapping(settings, "tls") else "http"


def _told(instance: Instance) -> dict[str, Json]:
    """Return the fields that only the mark can tell: metadata, of which a server knows nothing."""
    told = _mapping(instance.mark, "fields")
    return {
        path: value
        for path, value in told.items()
        if IMPACT.get(path.partition(".")[0]) is Impact.METADATA
    }


def _model(folder: Path, model: Mapping[str, Any]) -> Json:
    """Return the digest of a linked model if each of its files is still the blob it was."""
    root = folder / "azureml-models" / str(model.get("name")) / str(model.get("version"))
    digest: Json = model.get("digest")
    files = _sequence(model, "files")
    return digest if files and all(_intact(root, entry) for entry in files) else EDITED


def _intact(root: Path, entry: Any) -> bool:
    """Tell whether a file of a model is still a link to its blob. `entry` may be anything."""
    try:
        blob = Path(entry["blob"])
        linked = (root / entry["path"]).readlink() == blob
        return linked and bool(blob.stat().st_size == entry["size"])
    except (OSError, KeyError, TypeError, ValueError):
        return False


def _code(instance: Instance, cache: HashCache) -> Json:
    """Return the digest of the code in use. The settings may name anything: stay in the folder."""
    root = instance.folder / "code"
    folder = instance.folder / str(instance.settings.get("code", "code"))
    if not folder.is_dir() or not folder.resolve().is_relative_to(root.resolve()):
        return None
    try:
        return code_of(folder, cache).digest
    except MlopsError:
        return EDITED


def _environment(settings: Mapping[str, Any]) -> Json:
    digest: Json = settings.get("environment")
    python = Path(str(settings.get("python")))
    whole = python.is_absolute() and installed(python.parent.parent) == digest
    return digest if whole or digest is None else EDITED


def _process(instance: Instance) -> str:
    state = process_state(instance)
    if state in ("stopped", "failed", "unfit"):
        return state
    record = instance.record
    if record.get("pid") != instance.pid or not (instance.folder / "lock").exists():
        return "running, without its record"
    if record.get("settings") != instance.settings_digest:
        return "running, with other settings"
    if (record.get("host"), record.get("port")) != _address(instance.settings):
        return "running, with another address"
    return "running"


def _address(settings: Mapping[str, Any]) -> tuple[Any, Any]:
    return settings.get("host"), settings.get("port")


def _labels(instance: Instance, fields: Mapping[str, Json]) -> dict[str, str]:
    """Return the words for the fields that are still what the words say."""
    labels = _mapping(instance.mark, "labels")
    return {
        path: str(text) for path, text in labels.items() if fields.get(path) not in (None, EDITED)
    }


def _sequence(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _mapping(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}

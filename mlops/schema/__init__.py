"""Makes the JSON schema of a file from the sections and from the `Settings` of every row."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from mlops.protocols import Kinds
from mlops.schema.annotations import of, of_class, properties, required
from mlops.schema.sections import (
    STORE,
    DeploymentSection,
    IgnoreSection,
    InferenceSection,
    ModelSection,
    RuleSection,
    VariableSection,
)
from mlops.settings import (
    MODEL_HINT,
    MODEL_NAME,
    NAME,
    NAME_HINT,
    SERVICE_HINT,
    SERVICE_NAME,
    TARGET_HINT,
    TARGET_NAME,
    VARIABLE_HINT,
    VARIABLE_NAME,
    Setting,
)
from mlops.spec import SecretRef

MASTER = "What the keys of services are made from. Default: a file that this machine keeps."
_WHOLE_VARIABLE = r"^\$\{var\.[A-Za-z_][A-Za-z0-9_]*\}$"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SECTIONS = {
    "variables": ("Values that differ from run to run.", VARIABLE_NAME, VARIABLE_HINT),
    "models": ("The models, by name.", MODEL_NAME, MODEL_HINT),
    "inference": ("How models are served, by name.", NAME, NAME_HINT),
    "targets": ("The places to serve, by name.", TARGET_NAME, TARGET_HINT),
    "deployments": ("The services, by name.", SERVICE_NAME, SERVICE_HINT),
    "rules": ("Rules of the team's own that a plan must keep, by name.", NAME, NAME_HINT),
    "ignore": ("Drift that is let be for a while, by name.", NAME, NAME_HINT),
}
SECTIONS = tuple(_SECTIONS)
"""The sections whose keys are names, in the order of the file."""


def schema(kinds: Kinds) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a file that may name these kinds."""
    entries = {
        "variables": variable_schema(),
        "models": model_schema(kinds),
        "inference": inference_schema(),
        "targets": target_schema(kinds, kinds.targets),
        "deployments": deployment_schema(kinds),
        "rules": rule_schema(),
        "ignore": ignore_schema(),
    }
    return {"$schema": DIALECT, "title": "mlops.yaml", **_with_variables(file_schema(entries))}


def file_schema(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a whole file, given the schema of an entry of each section."""
    keys: dict[str, Any] = {
        "version": {"const": 1, "description": "Version of the file format."},
        "project": {
            "type": "string",
            "pattern": NAME,
            "description": "Name of the project: part of the mark on everything made.",
            "errorMessage": NAME_HINT,
        },
        "store": {
            "type": "string",
            "default": STORE,
            "description": "Where models, records and locks are kept: a folder beside the file.",
        },
    }
    keys["master_secret"] = of(Annotated[SecretRef, Setting(MASTER)])
    for name, (description, pattern, hint) in _SECTIONS.items():
        keys[name] = {
            "type": "object",
            "description": description,
            "propertyNames": {"pattern": pattern, "errorMessage": hint},
            "additionalProperties": entries.get(name, True),
        }
    return {
        "type": "object",
        "properties": keys,
        "required": ["version"],
        "additionalProperties": False,
    }


def variable_schema() -> dict[str, Any]:
    """Return the schema of an entry of `variables`."""
    return of_class(VariableSection)


def rule_schema() -> dict[str, Any]:
    """Return the schema of an entry of `rules`."""
    return of_class(RuleSection)


def ignore_schema() -> dict[str, Any]:
    """Return the schema of an entry of `ignore`."""
    return of_class(IgnoreSection)


def inference_schema() -> dict[str, Any]:
    """Return the schema of an entry of `inference`."""
    return of_class(InferenceSection)


def model_schema(kinds: Kinds) -> dict[str, Any]:
    """Return the schema of an entry of `models`: exactly one source, and only its keys."""
    keys: dict[str, Any] = {}
    needed: dict[str, list[str]] = {}
    for key, row in sorted(kinds.sources.items()):
        keys.update(properties(row.Settings))
        for other in properties(row.Settings):
            needed.setdefault(other, []).extend([] if other == key else [key])
        needed[key] = [other for other in required(row.Settings) if other != key]
    schema = of_class(ModelSection, keys)
    schema["oneOf"] = [{"required": [key]} for key in sorted(kinds.sources)]
    needed = {key: others for key, others in sorted(needed.items()) if others}
    if needed:
        schema["dependentRequired"] = needed
    return schema


def target_schema(kinds: Kinds, among: Collection[str]) -> dict[str, Any]:
    """Return the schema of an entry of `targets`, which branches by `kind` for those `among`."""
    kind = {"enum": sorted(kinds.targets), "description": "What sort of place it is."}
    branches = [
        {
            "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
            "then": of_class(kinds.targets[name].Settings, {"kind": True}),
        }
        for name in sorted(among)
    ]
    schema = {"type": "object", "properties": {"kind": kind}, "required": ["kind"]}
    return {**schema, "allOf": branches}


def deployment_schema(kinds: Kinds, kind: str | None = None) -> dict[str, Any]:
    """Return the schema of an entry of `deployments` on a target of `kind`, or of any."""
    if kind is not None:
        row = kinds.targets[kind].ServiceSettings
        schema = _served(of_class(DeploymentSection, properties(row)))
        schema["required"] += required(row)
        return schema
    keys: dict[str, Any] = {}
    for _, other in sorted(kinds.targets.items()):
        for key, value in properties(other.ServiceSettings).items():
            known = keys.setdefault(key, value)
            if known != value:
                keys[key] = {"anyOf": [*known.get("anyOf", [known]), value]}
    return _served(of_class(DeploymentSection, keys))


def _served(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a service that has models, unless it brings an image."""
    if "image" not in schema["properties"]:
        schema["required"].append("models")
        return schema
    models = {"models": schema["properties"]["models"]}
    then = {"properties": models, "required": ["models"]}
    return {**schema, "if": {"not": {"required": ["image"]}}, "then": then}


def _with_variables(schema: Any) -> Any:
    """Return a schema that also takes `${var.x}` for a number, as editors see it before load."""
    if isinstance(schema, list):
        return [_with_variables(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: _with_variables(item) for key, item in schema.items()}
    if schema.get("type") in ("integer", "number", "boolean"):
        copy |= {"type": [schema["type"], "string"], "pattern": _WHOLE_VARIABLE}
    elif schema.get("type") == "string" and "pattern" in schema:
        copy["pattern"] = schema["pattern"] + r"|\$\{var\."
    return copy

"""Says what a schema refused in words that people use, at the place that is meant."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from mlops.clients.text import brief
from mlops.clients.yaml import BROKEN, Steps
from mlops.errors import Problem
from mlops.load.merge import Merged
from mlops.load.suggest import lowered, nearest, suggestion
from mlops.load.types import found, type_hint, wanted
from mlops.protocols import Kinds
from mlops.schema.annotations import hints
from mlops.settings import HIDING_HINT

SINGULAR: Mapping[str, str] = {
    "variables": "variable",
    "models": "model",
    "inference": "inference",
    "targets": "target",
    "deployments": "deployment",
    "rules": "rule",
    "ignore": "ignore rule",
}


class Fault(Struct, frozen=True, kw_only=True):
    """An error of the schema library, with what is needed to explain it.

    `kind` is that of a deployment's target.
    """

    merged: Merged
    path: Steps
    error: Any
    kind: str
    kinds: Kinds


def problems_of(fault: Fault) -> Iterator[Problem]:
    """Yield the problems of an error; none for a value whose problem is told already."""
    if fault.error.instance is BROKEN:
        return
    if holds_secret(fault.error):
        yield _secret(fault)
        return
    explain = _EXPLAIN.get(fault.error.validator, _other)
    yield from explain(fault)


def subject(path: Steps) -> str:
    """Return how people call what stands at `path`."""
    if not path:
        return "the file"
    last = path[-1]
    if isinstance(last, int):
        return f"item {last + 1} of {subject(path[:-1])}"
    if len(path) == 2 and path[0] in SINGULAR:
        return f"{SINGULAR[str(path[0])]} `{last}`"
    return f"`{brief(str(last))}`"


def holds_secret(error: Any) -> bool:
    """Tell whether what was refused may be a secret: then its value is told to nobody."""
    inner = error.schema.get("properties", {}).get("secret", {})
    marked = isinstance(inner, dict) and inner.get("writeOnly", False)
    return bool(
        error.schema.get("writeOnly") or (marked and isinstance(error.instance, (dict, list)))
    )


def _secret(fault: Fault) -> Problem:
    path = fault.path[:-1] if fault.path[-1] == "secret" else fault.path
    return Problem(
        summary=f"{subject(path)} must be the place of a secret",
        where=fault.merged.value(fault.path),
        hint=HIDING_HINT,
    )


def _type(fault: Fault) -> Iterator[Problem]:
    value = fault.error.instance
    expected = fault.error.validator_value
    shown = found(value, fault.merged.raw(fault.path))
    summary = f"{subject(fault.path)} must be {wanted(expected)}, not {shown}"
    if value is None:
        summary = f"{subject(fault.path)} has no value"
    hint = type_hint(expected, value, fault.merged.raw(fault.path), fault.error.schema)
    where = fault.merged.value(fault.path)
    yield Problem(summary=summary, where=where, hint=hint)


def _unknown(fault: Fault) -> Iterator[Problem]:
    keys = fault.error.schema.get("properties", {})
    known = [key for key, schema in keys.items() if schema is True or "not" not in schema]
    for key in fault.error.instance:
        if key in keys:
            continue
        where = fault.merged.key((*fault.path, key))
        kinds = [
            kind for kind, row in fault.kinds.targets.items() if key in hints(row.ServiceSettings)
        ]
        if fault.kind and kinds and len(fault.path) == 2:
            summary = f"`{key}` is no key of a `{fault.kind}` deployment"
            hint = f"remove it, or use a target of kind {', '.join(sorted(kinds))}"
        else:
            summary = f"unknown key `{brief(key)}` in {subject(fault.path)}"
            hint = suggestion(key, known, "remove it", "the keys are")
        yield Problem(summary=summary, where=where, hint=hint)


def _required(fault: Fault) -> Iterator[Problem]:
    known = fault.error.schema.get("properties", {})
    for key in fault.error.validator_value:
        if key in fault.error.instance or (not fault.path and not fault.merged.complete):
            continue
        about = known.get(key, {})
        about = about.get("description", "") if isinstance(about, dict) else ""
        summary = f"`{key}` is missing in {subject(fault.path)}"
        hint = f"add `{key}: …`; {lowered(about)}".rstrip("; ")
        if key == "version":
            hint = "add `version: 1`"
        yield Problem(summary=summary, where=fault.merged.key(fault.path), hint=hint)


def _enum(fault: Fault) -> Iterator[Problem]:
    value = fault.error.instance
    choices = [str(choice) for choice in fault.error.validator_value]
    shown = (
        f"`{brief(value)}`"
        if isinstance(value, str)
        else found(value, fault.merged.raw(fault.path))
    )
    summary = f"{subject(fault.path)} cannot be {shown}"
    hint = suggestion(str(value), choices, "remove it")
    if len(choices) == 1:
        hint = f"write `{choices[0]}`, the only one there is"
    yield Problem(summary=summary, where=fault.merged.value(fault.path), hint=hint)


def _const(fault: Fault) -> Iterator[Problem]:
    wanted_value = fault.error.validator_value
    shown = found(fault.error.instance, fault.merged.raw(fault.path))
    name = subject(fault.path)
    yield Problem(
        summary=f"{name} must be `{wanted_value}`, not {shown}",
        where=fault.merged.value(fault.path),
        hint=f"write `{fault.path[-1]}: {wanted_value}`",
    )


def _pattern(fault: Fault) -> Iterator[Problem]:
    value = fault.error.instance
    hint = fault.error.schema.get("errorMessage")
    hint = hint or f"write text that matches `{fault.error.validator_value}`"
    if "propertyNames" in fault.error.absolute_schema_path:
        section = str(fault.path[-1])
        noun = SINGULAR.get(section, "key") if len(fault.path) == 1 else "key"
        article = "an" if noun[0] in "aeiou" else "a"
        summary = f"`{brief(value)}` is no name for {article} {noun} of {subject(fault.path)}"
        if noun != "key":
            summary = f"`{brief(value)}` is no name for {article} {noun}"
        yield Problem(summary=summary, where=fault.merged.key((*fault.path, value)), hint=hint)
        return
    summary = f"{subject(fault.path)} cannot be `{brief(value)}`"
    yield Problem(summary=summary, where=fault.merged.value(fault.path), hint=hint)


def _range(fault: Fault) -> Iterator[Problem]:
    low = fault.error.schema.get("minimum")
    high = fault.error.schema.get("maximum")
    limits = f"at least {low}" if high is None else f"at most {high}"
    if low is not None and high is not None:
        limits = f"between {low} and {high}"
    raw = fault.merged.raw(fault.path)
    summary = f"{subject(fault.path)} must be {limits}, not {brief(raw)}"
    hint = fault.error.schema.get("errorMessage") or f"write a number {limits}"
    yield Problem(summary=summary, where=fault.merged.value(fault.path), hint=hint)


def _sources(fault: Fault) -> Iterator[Problem]:
    """Explain `oneOf`, which only models have: exactly one key says where the files are."""
    keys = [branch["required"][0] for branch in fault.error.validator_value]
    written = [key for key in keys if key in fault.error.instance]
    if not written:
        where = fault.merged.key(fault.path)
        summary = f"{subject(fault.path)} does not say where its files are"
        near = [key for key in fault.error.instance if nearest(key, keys)]
        if not near:  # else the unknown key is told already, with this one as its suggestion
            hint = f"add {' or '.join(f'`{key}: …`' for key in keys)}"
            yield Problem(summary=summary, where=where, hint=hint)
        return
    shown = " and ".join(f"`{key}`" for key in written)
    where = fault.merged.key((*fault.path, written[-1]))
    summary = f"{subject(fault.path)} has two sources, {shown}"
    yield Problem(summary=summary, where=where, hint="keep one of them")


def _refused(fault: Fault) -> Iterator[Problem]:
    """Explain `not`, which stands for a key that other kinds of targets honour."""
    place = f"a `{fault.kind}` target" if fault.kind else "this target"
    yield Problem(
        summary=f"{subject(fault.path)} is nothing that {place} can honour",
        where=fault.merged.key(fault.path),
        hint=str(fault.error.schema.get("errorMessage")),
    )


def _dependent(fault: Fault) -> Iterator[Problem]:
    for key, needed in fault.error.validator_value.items():
        for other in needed:
            if key in fault.error.instance and other not in fault.error.instance:
                where = fault.merged.key((*fault.path, key))
                summary = f"`{key}` needs `{other}` beside it"
                hint = f"add `{other}: …`, or remove `{key}`"
                yield Problem(summary=summary, where=where, hint=hint)


def _other(fault: Fault) -> Iterator[Problem]:
    about = str(fault.error.schema.get("description", "see the README"))
    hint = fault.error.schema.get("errorMessage") or f"write something else: {about}"
    shown = found(fault.error.instance, fault.merged.raw(fault.path))
    summary = f"{subject(fault.path)} cannot be {shown}"
    yield Problem(summary=summary, where=fault.merged.value(fault.path), hint=hint)


_EXPLAIN: Mapping[str, Callable[[Fault], Iterator[Problem]]] = {
    "type": _type,
    "additionalProperties": _unknown,
    "required": _required,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "minimum": _range,
    "maximum": _range,
    "not": _refused,
    "oneOf": _sources,
    "dependentRequired": _dependent,
}

"""Turns an annotation and its `Setting` into the JSON schema of the values it allows."""

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Struct

from mlops.settings import Setting
from mlops.spec import SecretRef

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}
_NO_SETTING = Setting("")


@cache
def hints(kind: type) -> Mapping[str, Any]:
    """Return the annotation of each key of a settings class, in its order."""
    return get_type_hints(kind, include_extras=True)


def required(kind: type[Struct]) -> list[str]:
    """Return the keys without a default."""
    return [name for name, default in _defaults(kind) if default is NODEFAULT]


def properties(kind: type[Struct]) -> dict[str, Any]:
    """Return the schema of each key of a settings class."""
    schemas = {name: of(annotation) for name, annotation in hints(kind).items()}
    for name, default in _defaults(kind):
        if isinstance(default, (str, int, float)):
            schemas[name]["default"] = default
    return schemas


def is_struct(kind: Any) -> TypeGuard[type[Struct]]:
    """Tell whether an annotation is a settings class."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def _defaults(kind: type[Struct]) -> Iterator[tuple[str, Any]]:
    """Yield each key with its default, NODEFAULT if it has none."""
    without = len(kind.__struct_fields__) - len(kind.__struct_defaults__)
    yield from zip(
        kind.__struct_fields__, (NODEFAULT,) * without + kind.__struct_defaults__, strict=True
    )


def of_class(kind: type[Struct], keys: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of a mapping with the keys of `kind`, and `keys` more."""
    schema: dict[str, Any] = {
        "type": "object",
        "description": (kind.__doc__ or "").split("\n")[0],
        "properties": {**properties(kind), **(keys or {})},
        "additionalProperties": False,
    }
    if required(kind):
        schema["required"] = required(kind)
    return schema


def paths(kind: type) -> Iterator[tuple[tuple[str, ...], Setting]]:
    """Yield the keys that lead to each path of a settings class, those of its parts included."""
    for name, annotation in hints(kind).items():
        inner, setting = unwrapped(annotation)
        if setting.path:
            yield (name,), setting
        elif is_struct(inner):
            yield from (((name, *keys), found) for keys, found in paths(inner))


def unwrapped(annotation: Any) -> tuple[Any, Setting]:
    """Return an annotation without `Annotated` and `None`, and its setting."""
    setting = _NO_SETTING
    if get_origin(annotation) is Annotated:
        annotation, *extras = get_args(annotation)
        setting = next((item for item in extras if isinstance(item, Setting)), setting)
    if get_origin(annotation) in {Union, types.UnionType}:
        members = tuple(item for item in get_args(annotation) if item is not type(None))
        if len(members) == 1:
            inner, found = unwrapped(members[0])
            return inner, setting if setting is not _NO_SETTING else found
        annotation = members
    return annotation, setting


def of(annotation: Any) -> dict[str, Any]:
    """Return the schema of what an annotation allows."""
    kind, setting = unwrapped(annotation)
    if setting.refused:
        return {"not": {}, "description": setting.doc, "errorMessage": setting.refused}
    schema = _shape(kind, setting)
    if setting.doc:
        schema["description"] = setting.doc
    if setting.hint:
        # Editors built on VS Code's language servers show it in place of their own words.
        schema["errorMessage"] = setting.hint
    return schema


def _shape(kind: Any, setting: Setting) -> dict[str, Any]:
    if kind in _PLAIN:
        return {"type": _PLAIN[kind], **_limits(setting)}
    if kind is SecretRef:
        return {**_reference(), "writeOnly": True}
    if is_struct(kind):
        return of_class(kind)
    return _union(kind, setting) if isinstance(kind, tuple) else _generic(kind, setting)


def _generic(kind: Any, setting: Setting) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": of(arguments[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(arguments[1], setting)
    return {}


def _union(members: tuple[Any, ...], setting: Setting) -> dict[str, Any]:
    if all(member in _PLAIN for member in members):
        return {"type": [_PLAIN[member] for member in members]}
    if set(members) == {str, SecretRef}:
        return {**_reference(), "type": ["string", "object"]}
    short, *longer = members
    if short is str and [isinstance(kind, type) for kind in longer] == [True]:
        return {**of_class(longer[0]), "type": ["object", "string"], **_limits(setting)}
    return {"anyOf": [of(member) for member in members]}


def _reference() -> dict[str, Any]:
    """Return the schema of the place of a secret; `writeOnly` marks what is shown to nobody."""
    schema = of_class(SecretRef)
    schema["properties"]["secret"]["writeOnly"] = True
    return schema


def _limits(setting: Setting) -> dict[str, Any]:
    limits = {"minimum": setting.minimum, "maximum": setting.maximum, "pattern": setting.pattern}
    return {name: limit for name, limit in limits.items() if limit not in {None, ""}}


def _mapping(value: Any, setting: Setting) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "additionalProperties": of(value)}
    if setting.names:
        schema["propertyNames"] = {"pattern": setting.names, "errorMessage": setting.hint}
    return schema

"""Classes with fields (dataclasses, TypedDict, NamedTuple, pydantic models): what they ask for."""

import typing
from typing import Any, Callable, Dict, NamedTuple, Optional

from .refusals import BadInputError, at, kind


class Field(NamedTuple):
    """One field: its type, and whether it must be there."""

    hint: Any
    required: bool


Convert = Callable[[Any, Any, str], Any]


def fields(sort: Any) -> Optional[Dict[str, Field]]:
    """Return the fields of a class that JSON objects can become, or nothing."""
    if not isinstance(sort, type):
        return None
    if hasattr(sort, "__dataclass_fields__"):
        return of_dataclass(sort)
    if issubclass(sort, tuple) and hasattr(sort, "_fields"):
        given = getattr(sort, "_field_defaults", {})
        found = hints(sort)
        return {name: Field(found.get(name, Any), name not in given) for name in sort._fields}
    if hasattr(sort, "__total__"):
        return of_typed_dict(sort)
    return None


def hints(sort: Any) -> Dict[str, Any]:
    """Return the resolved hints of a class; unresolvable ones let everything pass."""
    try:
        return typing.get_type_hints(sort)
    except Exception:  # noqa: BLE001 - names that only a type checker knows
        return {}


def of_dataclass(sort: Any) -> Dict[str, Field]:
    """Return the fields that a dataclass's `__init__` takes."""
    import dataclasses  # noqa: PLC0415 - Python 3.6 has it only as a back-port

    found = hints(sort)
    missing = dataclasses.MISSING
    return {
        field.name: Field(
            found.get(field.name, Any),
            field.default is missing and field.default_factory is missing,
        )
        for field in dataclasses.fields(sort)
        if field.init
    }


def of_typed_dict(sort: Any) -> Dict[str, Field]:
    """Return the keys of a TypedDict; `Required` and `NotRequired` are taken off."""
    needed = getattr(sort, "__required_keys__", None)
    found = {}
    for name, hint in hints(sort).items():
        inner = hint
        while str(getattr(inner, "__origin__", "")).endswith(("Required", "ReadOnly")):
            inner = inner.__args__[0]
        required = bool(sort.__total__) if needed is None else name in needed
        found[name] = Field(inner, required)
    return found


def built(value: Any, sort: Any, wanted: Dict[str, Field], path: str, convert: Convert) -> Any:
    """Make an instance of `sort` from a JSON object (or an array, for a NamedTuple)."""
    given = named(value, sort, wanted, path)
    found = {}
    for name, field in wanted.items():
        if name in given:
            found[name] = convert(given[name], field.hint, at(path, name))
        elif field.required:
            raise BadInputError(at(path, name), "it is missing")
    try:
        return sort(**found)
    except (TypeError, ValueError) as error:  # a check of the class itself
        raise BadInputError(path, str(error)) from error


def named(value: Any, sort: Any, wanted: Dict[str, Field], path: str) -> Dict[str, Any]:
    """Return what was given by name, and nothing that was not asked for."""
    if isinstance(value, list) and issubclass(sort, tuple):
        if len(value) > len(wanted):
            reason = f"{len(wanted)} items are expected, there are {len(value)}"
            raise BadInputError(path, reason)
        value = dict(zip(wanted, value))
    if not isinstance(value, dict):
        raise BadInputError(path, f"an object is expected, this is {kind(value)}")
    for name in value:
        if name not in wanted:
            raise BadInputError(at(path, name), "there is no such field")
    return value


def modelled(value: Any, model: Any, path: str) -> Any:
    """Let pydantic (1 or 2) make its model; its first error is told with its path."""
    validate = getattr(model, "model_validate", None) or model.parse_obj
    try:
        return validate(value)
    except ValueError as error:
        errors = getattr(error, "errors", None)
        if errors is None:
            raise BadInputError(path, str(error)) from error
        first = errors()[0]
        place = path
        for key in first["loc"]:
            if key != "__root__":
                place = at(place, key)
        raise BadInputError(place, first["msg"]) from error


def model_schema(model: Any) -> Dict[str, Any]:
    """Return the JSON schema that pydantic makes of a model, with its references filled in."""
    make = getattr(model, "model_json_schema", None) or model.schema
    found = make()
    held = found.pop("$defs", None) or found.pop("definitions", {})
    schema: Dict[str, Any] = filled(found, held, ())
    return schema


def filled(node: Any, held: Dict[str, Any], above: Any) -> Any:
    """Put what a reference points at in its place; a cycle ends in any object."""
    if isinstance(node, list):
        return [filled(one, held, above) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        if name in above or name not in held:
            return {"type": "object"}
        return filled(held[name], held, (*above, name))
    return {key: filled(one, held, above) for key, one in node.items()}

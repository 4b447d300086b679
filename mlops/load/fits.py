"""Tells whether data fits a schema, and nothing else: the library that says what is wrong is slow.

To import it takes 55 ms, and each entry a millisecond, of every command's start (Python 3.11). It
is asked only about what does not fit. Pure.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_LONGEST = 4096
"""Characters of the longest text with a pattern: some take the square of its length."""

_TELLING = {"default", "description", "errorMessage", "then", "writeOnly"}
"""Keywords that refuse nothing by themselves."""


def fits(data: Any, schema: Any) -> bool:
    """Tell whether data fits a schema. Raises KeyError for a keyword that is not known here."""
    if isinstance(schema, bool):
        return schema
    return all(
        _RULES[keyword](data, wanted, schema)
        for keyword, wanted in schema.items()
        if keyword not in _TELLING
    )


def is_whole(data: Any) -> bool:
    """Tell whether data is a whole number: 1.0 is none."""
    return isinstance(data, int) and not isinstance(data, bool)


def matches(text: str, pattern: str) -> bool:
    """Tell whether a pattern means the whole of a text."""
    return len(text) <= _LONGEST and re.fullmatch(pattern, text) is not None


def is_same(data: Any, wanted: Any) -> bool:
    """Tell whether data is a value, and of its type: 1 is not true, nor 1.0."""
    return type(data) is type(wanted) and bool(data == wanted)


def _is_number(data: Any) -> bool:
    return isinstance(data, (int, float)) and not isinstance(data, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "array": lambda data: isinstance(data, list),
    "boolean": lambda data: isinstance(data, bool),
    "integer": is_whole,
    "number": _is_number,
    "object": lambda data: isinstance(data, dict),
    "string": lambda data: isinstance(data, str),
}


def _type(data: Any, wanted: Any, _: Schema) -> bool:
    return any(_TYPES[name](data) for name in ([wanted] if isinstance(wanted, str) else wanted))


def _properties(data: Any, wanted: Any, _: Schema) -> bool:
    return not isinstance(data, dict) or all(
        fits(data[key], schema) for key, schema in wanted.items() if key in data
    )


def _additional(data: Any, wanted: Any, schema: Schema) -> bool:
    named = schema.get("properties", {})
    return not isinstance(data, dict) or all(
        fits(value, wanted) for key, value in data.items() if key not in named
    )


def _names(data: Any, wanted: Any, _: Schema) -> bool:
    return not isinstance(data, dict) or all(fits(key, wanted) for key in data)


def _required(data: Any, wanted: Any, _: Schema) -> bool:
    return not isinstance(data, dict) or all(key in data for key in wanted)


def _dependent(data: Any, wanted: Any, schema: Schema) -> bool:
    return not isinstance(data, dict) or all(
        _required(data, others, schema) for key, others in wanted.items() if key in data
    )


def _if(data: Any, wanted: Any, schema: Schema) -> bool:
    return not fits(data, wanted) or fits(data, schema["then"])


_RULES: Mapping[str, Callable[[Any, Any, Schema], bool]] = {
    "additionalProperties": _additional,
    "allOf": lambda data, wanted, _: all(fits(data, schema) for schema in wanted),
    "anyOf": lambda data, wanted, _: any(fits(data, schema) for schema in wanted),
    "const": lambda data, wanted, _: is_same(data, wanted),
    "dependentRequired": _dependent,
    "enum": lambda data, wanted, _: any(is_same(data, value) for value in wanted),
    "if": _if,
    "items": lambda data, wanted, _: (
        not isinstance(data, list) or all(fits(item, wanted) for item in data)
    ),
    "maximum": lambda data, wanted, _: not _is_number(data) or not data > wanted,
    "minimum": lambda data, wanted, _: not _is_number(data) or not data < wanted,
    "not": lambda data, wanted, _: not fits(data, wanted),
    "oneOf": lambda data, wanted, _: sum(fits(data, schema) for schema in wanted) == 1,
    "pattern": lambda data, wanted, _: not isinstance(data, str) or matches(data, wanted),
    "properties": _properties,
    "propertyNames": _names,
    "required": _required,
    "type": _type,
}

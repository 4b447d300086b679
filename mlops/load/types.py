"""Words for what was expected and what was found, and how to make the one of the other."""

import re
from collections.abc import Mapping
from typing import Any

from mlops.clients.text import brief
from mlops.load.suggest import lowered

_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "keys with values",
}
TEXT_OR_SECRET = ["string", "object"]
"""What a schema expects where text may stand, or the place of a secret."""

_TRUE = {"yes", "on", "y", "true"}
_FALSE = {"no", "off", "n", "false"}


def wanted(expected: str | list[str]) -> str:
    """Return words for what a schema expects."""
    names = [expected] if isinstance(expected, str) else expected
    if set(names) == {"string", "integer", "number", "boolean"}:
        return "text, a number, `true` or `false`"
    if names == TEXT_OR_SECRET:
        return "text or `{secret: …}`"
    return " or ".join(_WORDS.get(name, name) for name in names)


def found(value: Any, raw: str) -> str:
    """Return words for a value, which was written as `raw`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{raw or str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"the number `{brief(raw or str(value))}`"
    if isinstance(value, str):
        return f"the text `{brief(value)}`"
    return "a list" if isinstance(value, list) else "keys with values"


def type_hint(expected: str | list[str], value: Any, raw: str, schema: Mapping[str, Any]) -> str:
    """Return what to write instead of a value of the wrong type."""
    about = lowered(str(schema.get("description", "")))
    hint = None
    if expected == TEXT_OR_SECRET and isinstance(value, (bool, int, float)):
        return _quoted(raw, schema)
    if value is not None and isinstance(expected, str):
        hint = _hint(expected, value, raw, schema)
    if hint:
        return hint
    hint = f"write {wanted(expected)}"
    if value is None:
        hint += " after the `:`"
    return f"{hint}; {about}" if about else hint


def _hint(expected: str, value: Any, raw: str, schema: Mapping[str, Any]) -> str | None:
    if expected == "string":
        if isinstance(value, (bool, int, float)):
            return _quoted(raw, schema)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
            return f"write `{brief(value[0])}` without the list"
    if expected == "array" and isinstance(value, (str, int, float)):
        return f"write a list: `[{brief(raw)}]`"
    if expected == "object":
        return _object(value, schema)
    return _unquoted(expected, value) if isinstance(value, str) else None


def _quoted(raw: str, schema: Mapping[str, Any]) -> str:
    """Return how to write a number as text, where that text would be right."""
    if "pattern" in schema and re.fullmatch(schema["pattern"], raw) is None:
        return str(schema.get("errorMessage") or "write text")
    return f'put it in quotes: `"{brief(raw)}"`'


def _unquoted(expected: str, value: str) -> str | None:
    if expected == "boolean" and value.lower() in _TRUE | _FALSE:
        return f"write `{'true' if value.lower() in _TRUE else 'false'}`, without quotes"
    number = value.removeprefix("-").replace(".", "", 1)
    if expected in {"integer", "number"} and number.isascii() and number.isdigit():
        return f"remove the quotes: `{brief(value)}`"
    return None


def _object(value: Any, schema: Mapping[str, Any]) -> str | None:
    if isinstance(value, str) and ":" in value:
        return f"write a space after the `:` of `{brief(value)}`"
    keys = [f"`{key}`" for key in schema.get("properties", {})]
    if isinstance(value, list):
        return "write keys without `-` before them"
    return f"write keys below it, indented: {', '.join(keys)}" if keys else None

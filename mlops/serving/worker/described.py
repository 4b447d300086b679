"""Type hints -> the schemas that swagger shows, in the words of each version."""

import datetime as dt
import decimal
import enum
import inspect
import typing
import uuid
from typing import Any, Callable, Dict, List, Tuple

from . import hints, records
from .script import Script

ANY: Dict[str, Any] = {}
PLAIN: Dict[Any, Tuple[Dict[str, Any], Any]] = {
    bool: ({"type": "boolean"}, True),
    int: ({"type": "integer"}, 1),
    float: ({"type": "number"}, 1.0),
    str: ({"type": "string"}, "text"),
    bytes: ({"type": "string", "format": "byte"}, "AA=="),
    dt.date: ({"type": "string", "format": "date"}, "2019-05-31"),
    dt.datetime: ({"type": "string", "format": "date-time"}, "2019-05-31T10:00:00Z"),
    dt.time: ({"type": "string", "format": "time"}, "10:00:00"),
    decimal.Decimal: ({"type": "number"}, 1.0),
    uuid.UUID: (
        {"type": "string", "format": "uuid"},
        "00000000-0000-0000-0000-000000000000",
    ),
}

Shown = Tuple[Dict[str, Any], Any]
"""A schema and an example of it."""


class Description:
    """Schemas in the words of one swagger version: `2.0`, `3.0` or `3.1`."""

    def __init__(self, version: str) -> None:
        self._version = version

    def body(self, script: Script) -> Dict[str, Any]:
        """Return the schema of the object that holds the arguments of `run()`."""
        found: Dict[str, Any] = {"type": "object", "properties": {}, "example": {}}
        needed: List[str] = []
        for one in script.parameters:
            schema, example = self.shown(script.typed[one.name], ())
            if one.default is inspect.Parameter.empty:
                needed.append(one.name)
            elif hints.default(one) is not None:
                schema, example = dict(schema, default=one.default), one.default
            found["properties"][one.name] = schema
            found["example"][one.name] = example
        if needed:
            found["required"] = needed
        found["additionalProperties"] = False
        return found

    def result(self, hint: Any) -> Dict[str, Any]:
        """Return the schema of what `run()` returns."""
        schema, example = self.shown(hint, ())
        return dict(schema, example=example) if schema else {"type": "object", "example": {}}

    def shown(self, hint: Any, above: Tuple[Any, ...]) -> Shown:
        """Return the schema of a hint; a class within itself is any object."""
        if hint in PLAIN:
            return PLAIN[hint]
        for attribute in ("__supertype__",) + (("__origin__",) if annotated(hint) else ()):
            if hasattr(hint, attribute):
                return self.shown(getattr(hint, attribute), above)
        if hints.union(hint):
            return self._union(hints.arguments(hint), above)
        if hints.literal(hint):
            return choices(list(hints.arguments(hint)))
        container = hints.origin(hint) or hint
        if container in hints.LISTS or container is dict:
            return self._container(container, hints.arguments(hint), above)
        return self._class(hint, above)

    def _union(self, members: Tuple[Any, ...], above: Tuple[Any, ...]) -> Shown:
        real = [member for member in members if member is not hints.NOTHING]
        if len(real) == 1:
            schema, example = self.shown(real[0], above)
            return self._nullable(schema), example
        found = [self.shown(member, above) for member in real]
        schema = {} if self._version == "2.0" else {"anyOf": [one for one, _ in found]}
        if len(real) < len(members):
            schema = self._nullable(schema)
        return schema, found[0][1]

    def _nullable(self, schema: Dict[str, Any]) -> Dict[str, Any]:
        if self._version == "2.0":
            return dict(schema, **{"x-nullable": True})
        if self._version == "3.0":
            return dict(schema, nullable=True)
        if isinstance(schema.get("type"), str) and "enum" not in schema:
            return dict(schema, type=[schema["type"], "null"])
        return {"anyOf": [schema, {"type": "null"}]}

    def _container(self, container: Any, inner: Tuple[Any, ...], above: Tuple[Any, ...]) -> Shown:
        inner = tuple(one for one in inner if one is not Ellipsis)
        inner = tuple(Any if isinstance(one, typing.TypeVar) else one for one in inner)
        if container is dict:
            schema, example = self.shown(inner[1], above) if len(inner) > 1 else (ANY, {})
            return {"type": "object", "additionalProperties": schema or True}, {"key": example}
        found = [self.shown(one, above) for one in inner]
        if container is tuple and len(found) > 1:
            same = all(one == found[0] for one in found)
            items: Dict[str, Any] = found[0][0] if same else {}
            size = {"minItems": len(found), "maxItems": len(found)}
            return dict(size, type="array", items=items), [one for _, one in found]
        schema, example = found[0] if found else (ANY, 1)
        unique = {"uniqueItems": True} if container in (set, frozenset) else {}
        return dict(unique, type="array", items=schema), [example]

    def _class(self, hint: Any, above: Tuple[Any, ...]) -> Shown:
        if hint in above or not isinstance(hint, type):
            return ({"type": "object"}, {}) if hint in above else (ANY, {})
        if issubclass(hint, enum.Enum):
            return choices([member.value for member in hint])
        if hints.pydantic(hint):
            return records.model_schema(hint), {}
        fields = records.fields(hint)
        if fields is None:
            return ANY, {}
        found = {name: self.shown(field.hint, (*above, hint)) for name, field in fields.items()}
        schema: Dict[str, Any] = {
            "type": "object",
            "properties": {name: one for name, (one, _) in found.items()},
            "additionalProperties": False,
        }
        needed = [name for name, field in fields.items() if field.required]
        if needed:
            schema["required"] = needed
        return schema, {name: example for name, (_, example) in found.items()}


def annotated(hint: Any) -> bool:
    """Say whether a hint is `Annotated`."""
    return hasattr(hint, "__metadata__")


def choices(values: List[Any]) -> Shown:
    """Return the schema of one value among some."""
    kinds = {type(value) for value in values}
    schema: Dict[str, Any] = {"enum": values}
    if len(kinds) == 1:
        plain: Callable[[Any, Any], Any] = PLAIN.get
        schema["type"] = plain(kinds.pop(), ({"type": "string"}, ""))[0]["type"]
    return schema, values[0]


def returned(script: Script) -> Any:
    """Return the hint of the result, `Any` if there is none."""
    return hints.of(script.run).get("return", Any)

"""What fits a schema is told as the library tells it, for data near to what each schema wants."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops.cli.kinds import KINDS
from mlops.load.check import _judging, _schema
from mlops.load.fits import fits
from mlops.schema import SECTIONS

EXAMPLES = int(os.environ.get("MLOPS_FUZZ", "40"))
SORTS = [
    ("file", None),
    *((section, None) for section in SECTIONS),
    *((section, kind) for section in ("targets", "deployments") for kind in KINDS.targets),
]

_ODD = st.one_of(
    *(st.none(), st.booleans(), st.integers(-2, 70_000), st.floats(-1, 2), st.text(max_size=3)),
    *(st.sampled_from([0, 1, 1.0, 0.0, "", "a" * 4097, "name", "image", True, False]),),
    *(st.lists(st.integers(0, 1), max_size=2), st.dictionaries(st.text(max_size=2), st.none())),
)


def near(schema: Any) -> st.SearchStrategy[Any]:
    """Return data that mostly fits a schema; any part of it may be odd, few are."""
    if isinstance(schema, bool):
        return _ODD
    return st.integers(0, 30).flatmap(lambda chance: _fitting(schema) if chance else _ODD)


def _fitting(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    for keyword in ("const", "enum"):
        if keyword in schema:
            return st.sampled_from([schema[keyword]] if keyword == "const" else schema[keyword])
    if "anyOf" in schema:
        return st.one_of(*map(near, schema["anyOf"]))
    kinds = schema.get("type", [])
    named = [kinds] if isinstance(kinds, str) else kinds
    return st.one_of(*(partial(_MAKING[name], schema)() for name in named)) if named else _ODD


def _object(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    keys: dict[str, Any] = {}
    for branch in (*schema.get("allOf", ()), schema):
        keys |= {**branch.get("then", {}).get("properties", {}), **branch.get("properties", {})}
    if "oneOf" in schema:
        return st.sampled_from(schema["oneOf"]).flatmap(
            lambda one: _object({"properties": keys, "required": one["required"]})
        )
    needed = [key for key in schema.get("required", ()) if key in keys]
    known = st.lists(st.sampled_from(sorted(keys) or [""]), max_size=3).flatmap(
        lambda some: st.fixed_dictionaries(
            {key: near(keys[key]) for key in {*needed, *some} if key in keys}
        )
    )
    names = st.one_of(*[_text(schema.get("propertyNames", {}))] * 4, st.sampled_from(["", "A b"]))
    others = st.dictionaries(names, near(schema.get("additionalProperties", True)), max_size=2)
    both = st.tuples(known, others).map(lambda pair: {**pair[1], **pair[0]})
    return both if not keys else st.one_of(*[known] * 6, both)


def _text(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    pattern = schema.get("pattern")
    return st.from_regex(pattern, fullmatch=True) if pattern else st.text(max_size=4)


def _number(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    least, most = schema.get("minimum", 0), schema.get("maximum", 1000)
    inside = (least + most) / 2
    return st.sampled_from([least, most, least - 1, most + 1, least + 0.5, *[inside] * 5])


_MAKING = {
    "array": lambda schema: st.lists(near(schema["items"]), max_size=2),
    "boolean": lambda _: st.booleans(),
    "integer": lambda schema: _number(schema).map(int),
    "number": _number,
    "object": _object,
    "string": _text,
}


def parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema, and each that it is made of."""
    if isinstance(schema, list):
        for item in schema:
            yield from parts(item)
    elif isinstance(schema, dict):
        yield schema
        for keyword in ("then", "items", "additionalProperties", "propertyNames", "allOf", "anyOf"):
            yield from parts(schema.get(keyword))
        yield from parts([*schema.get("properties", {}).values()])


@pytest.mark.parametrize(("section", "kind"), SORTS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_fits_is_what_the_library_finds_nothing_in(
    section: str, kind: str | None, data: st.DataObject
) -> None:
    schema = data.draw(st.sampled_from([*parts(_schema(section, kind, KINDS))]))
    value = data.draw(near(schema))

    assert fits(value, schema) == _judging()(schema).is_valid(value)

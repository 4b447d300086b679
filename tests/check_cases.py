"""What a check means, as one table: `mlops test` and the server must both read it so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Case:
    """An answer, what was expected of it, and what is then said."""

    it: str
    status: int = 200
    body: bytes = b"[152.25]"
    expect: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""


CASES = (
    Case(it="nothing but the status is asked for"),
    Case(it="the JSON is the same", expect={"json": [152.25]}),
    Case(it="an integer equals its float", body=b"[1.0]", expect={"json": [1]}),
    Case(it="it is near enough", expect={"json": [152], "tolerance": 0.25}),
    Case(
        it="it is too far",
        expect={"json": [152], "tolerance": 0.2},
        said="answered [0]: expected 152, found 152.25",
    ),
    Case(
        it="true is no number",
        body=b"[true]",
        expect={"json": [1], "tolerance": 5},
        said="answered [0]: expected 1, found true",
    ),
    Case(
        it="a field lacks",
        body=b'{"b": 2}',
        expect={"json": {"a": {"c": 1}, "b": 2}},
        said='answered a: expected {"c": 1}, found nothing',
    ),
    Case(
        it="a field is too many",
        body=b'{"a": {"b": null}}',
        expect={"json": {"a": {}}},
        said="answered a.b: expected nothing, found null",
    ),
    Case(
        it="an item lacks",
        body=b"[1]",
        expect={"json": [1, 2]},
        said="answered expected 2 items, found 1",
    ),
    Case(
        it="an object is no list",
        body=b"{}",
        expect={"json": []},
        said="answered expected [], found {}",
    ),
    Case(it="it is no JSON", body=b"a\n b", expect={"json": [1]}, said="answered no JSON: a b"),
    Case(it="NaN is no JSON", body=b"[NaN]", expect={"json": [1]}, said="answered no JSON: [NaN]"),
    Case(it="JSON is not looked at unless it is expected", body=b"NaN"),
    Case(
        it="another status is told with its body",
        status=502,
        body=b"Traceback:\n\n it\x1b broke",
        expect={"json": [1]},
        said="answered status 502, expected 200: Traceback: it? broke",
    ),
    Case(
        it="another status may have no body",
        status=500,
        body=b"",
        said="answered status 500, expected 200",
    ),
    Case(it="a status may be expected", status=502, expect={"status": 502}),
    Case(it="the time is enough", expect={"latency": 30}),
)

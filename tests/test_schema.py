import re
from typing import Any

import jsonschema
import pytest
from rows import KINDS, TWO_SOURCES

from mlops.schema import schema
from mlops.settings import HOST, POSITIVE, duration


def valid(data: Any, *, kinds: Any = KINDS) -> bool:
    return jsonschema.Draft202012Validator(schema(kinds)).is_valid(data)


def file(**sections: Any) -> dict[str, Any]:
    return {"version": 1, "project": "p", **sections}


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema(TWO_SOURCES))


def test_every_key_of_every_object_has_a_description() -> None:
    silent = []

    def walk(node: Any, path: str) -> None:
        if not isinstance(node, dict):
            return
        for name, child in node.get("properties", {}).items():
            if child is not True and not child.get("description"):
                silent.append(f"{path}.{name}")
            walk(child, f"{path}.{name}")
        inner = [node.get(key) for key in ("additionalProperties", "items", "then")]
        for child in [*inner, *node.get("allOf", [])]:
            walk(child, path)

    walk(schema(TWO_SOURCES), "")
    assert silent == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"kind": "process"}, True),
        ({"kind": "process", "folder": "x"}, True),
        ({"kind": "process", "x": 1}, False),
        ({"kind": "unknown"}, False),
        ({"folder": "x"}, False),
    ],
)
def test_a_target_has_the_keys_of_its_kind(target: Any, expected: bool) -> None:  # noqa: FBT001
    assert expected == valid(file(targets={"t": target}))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"path": "x"}, True),
        ({"url": "x", "sha256": "0" * 64}, True),
        ({"url": "x"}, False),
        ({"path": "x", "sha256": "0" * 64}, False),
        ({"path": "x", "url": "x", "sha256": "0" * 64}, False),
        ({"tags": {}}, False),
    ],
)
def test_a_model_has_exactly_one_source(model: Any, expected: bool) -> None:  # noqa: FBT001
    assert expected == valid(file(models={"m": model}), kinds=TWO_SOURCES)


def test_a_deployment_may_have_the_keys_of_any_kind_in_an_editor() -> None:
    common = {"target": "t", "models": ["m"], "inference": "i"}

    assert valid(file(deployments={"abc": {**common, "port": 1, "scale": {"min": 1}}}))
    assert not valid(file(deployments={"abc": {**common, "ports": 1}}))


def test_a_variable_may_stand_for_a_number_in_an_editor() -> None:
    common = {"target": "t", "models": ["m"], "inference": "i"}

    assert valid(file(deployments={"abc": {**common, "port": "${var.port}"}}))
    assert not valid(file(deployments={"abc": {**common, "port": "80"}}))


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("60s", 60.0), ("5m", 300.0), ("1.5h", 5400.0)]
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert seconds == pytest.approx(duration(text))


@pytest.mark.parametrize("text", ["1ms", "0.5s", "00.010s", "60s", "1.5h"])
def test_a_duration_above_nothing_is_one(text: str) -> None:
    assert re.fullmatch(POSITIVE, text)


@pytest.mark.parametrize("text", ["0s", "0ms", "0.0s", "000h", "", "s", "1d", "-1s"])
def test_a_duration_of_nothing_is_none(text: str) -> None:
    assert not re.fullmatch(POSITIVE, text)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "localhost",  # noqa: S104
     "my-box.example.com", "a1", "1a"],
)  # fmt: skip
def test_a_name_or_an_address_is_a_host(host: str) -> None:
    assert re.fullmatch(HOST, host)


@pytest.mark.parametrize(
    "host",
    ["", " ", "not a host", "http://x", "x:80", "[::1]", "256.1.1.1", "1.2.3", "-a", "a-", "a..b",
     ".a", "a.", "a_b", ":", ":::", "1::2::3", "1:2", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "x/y",
     "a" * 64, "localhost\n"],
)  # fmt: skip
def test_anything_else_is_no_host(host: str) -> None:
    assert not re.fullmatch(HOST, host)


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-1s", "1d", "1s\n", "\u0661s"])
def test_other_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)

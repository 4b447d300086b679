import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rows import KINDS, TWO_SOURCES

from mlops.schema import schema, write_schema
from mlops.settings import duration


def valid(data: Any, *, kinds: Any = KINDS) -> bool:
    return jsonschema.Draft202012Validator(schema(kinds)).is_valid(data)


def file(**sections: Any) -> dict[str, Any]:
    return {"version": 1, "project": "p", **sections}


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema(TWO_SOURCES))


def test_the_schema_is_written_the_same_every_time(tmp_path: Path) -> None:
    write_schema(KINDS, tmp_path / "one.json")
    write_schema(KINDS, tmp_path / "two.json")

    one = (tmp_path / "one.json").read_text()
    assert one == (tmp_path / "two.json").read_text()
    assert schema(KINDS) == json.loads(one)


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


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-1s", "1d", "1s\n", "\u0661s"])
def test_other_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)

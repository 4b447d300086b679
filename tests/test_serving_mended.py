"""What v1's server got wrong (contract, section 17.2), one test each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_environments import with_schema
from serving_instance import Instance, end, serving, start, write

SCRIPT = """
    import datetime, decimal, enum, sys, uuid
    import numpy as np
    import pandas as pd
    from dataclasses import dataclass
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType as Numpy
    from inference_schema.parameter_types.standard_py_parameter_type import (
        StandardPythonParameterType as Standard,
    )

    @dataclass
    class Point:
        x: int
        when: datetime.date

    class Colour(enum.Enum):
        RED = "red"

    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "t": pd.to_datetime(["2019-05-31"] * 2)})
    RESULTS = {
        "nan": lambda: [1.0, float("nan")],
        "array of nan": lambda: np.array([1.0, np.inf]),
        "deep nan": lambda: {"a": (np.float64("nan"), [np.float32("nan")])},
        "array": lambda: np.array([[1, 2]]),
        "scalars": lambda: [np.int64(1), np.float32(0.5), np.bool_(True), np.str_("x")],
        "keys": lambda: {np.int64(1): 2, np.str_("b"): 3},
        "times": lambda: [np.datetime64("2019-05-31"), pd.Timestamp("2019-05-31 10:00"),
                          datetime.date(2019, 5, 31), np.array(["2019-05-31"], "M8[ns]")],
        "frame": lambda: frame[["a", "b"]],
        "frame with times": lambda: frame[["t"]].iloc[:1],
        "series": lambda: frame["a"],
        "index": lambda: frame.index,
        "point": lambda: Point(1, datetime.date(2019, 5, 31)),
        "others": lambda: [Colour.RED, decimal.Decimal("1.5"), {1}, uuid.UUID(int=0), pd.NA],
        "exit": lambda: sys.exit(3),
        "interrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt()),
    }

    def init():
        pass

    @input_schema("data", Numpy(np.array([[41, 42]])), optional=True)
    @input_schema("rows", Standard([{"age": 43, "name": "secret"}]), optional=True)
    @input_schema("want", Standard("nothing"), optional=True)
    @output_schema(Standard({"example": 44}))
    def run(data=None, rows=None, want=None):
        if rows is not None:
            return [row["age"] + len(row.get("name", "")) for row in rows]
        return RESULTS[want]() if want else data
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return with_schema()


@pytest.fixture(scope="module")
def service(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("mended")
    with serving(folder / "i", SCRIPT, python=str(python)) as instance:
        yield instance


@pytest.fixture(scope="module")
def lenient(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("lenient")
    more = {"not_finite": "null", "swagger_samples": False}
    with serving(folder / "i", SCRIPT, python=str(python), serving=more) as instance:
        yield instance


def test_1_fractions_are_not_silently_cut(service: Instance) -> None:
    answer = service.score({"data": [[0.5, 0.6]]})

    assert answer.status == 400
    assert "`data[0][0]`" in answer.json["message"]


def test_2_a_wrong_shape_is_400_with_the_path(service: Instance) -> None:
    answer = service.score({"data": [[1, 2], [1, 2], [1, 2], [1]]})

    expected = "`data[3]` does not fit its schema: 2 items are expected, there are 1"
    assert (400, {"message": expected}) == (answer.status, answer.json)


def test_2_a_field_that_the_script_misses_is_400_with_the_path(service: Instance) -> None:
    answer = service.score({"rows": [{"age": 1}, {"name": "x"}]})

    assert answer.status == 400
    assert "`rows[1].age` is missing" in answer.json["message"]
    assert "KeyError: 'age'" in service.log


def test_2_a_field_that_the_script_can_do_without_may_lack(service: Instance) -> None:
    assert [5] == service.score({"rows": [{"age": 5}]}).json


def test_2_a_wrong_type_deep_in_a_plain_sample_is_400_with_the_path(service: Instance) -> None:
    answer = service.score({"rows": [{"age": "x", "name": "y"}]})

    assert answer.status == 400
    assert "`rows[0].age`: a whole number is expected, this is a string" in answer.json["message"]


@pytest.mark.parametrize("want", ["nan", "array of nan", "deep nan"])
def test_3_nan_is_a_clear_500(service: Instance, want: str) -> None:
    answer = service.score({"want": want})

    assert answer.status == 500
    assert "NaN or Infinity, which JSON cannot express" in answer.json["message"]


@pytest.mark.parametrize(
    ("want", "expected"),
    [
        ("nan", [1.0, None]),
        ("array of nan", [1.0, None]),
        ("deep nan", {"a": [None, [None]]}),
    ],
)
def test_3_nan_is_null_by_setting(lenient: Instance, want: str, expected: Any) -> None:
    assert expected == service_json(lenient, want)


def service_json(instance: Instance, want: str) -> Any:
    answer = instance.score({"want": want})
    assert answer.status == 200, answer.json

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(answer.body, parse_constant=refuse)


def test_4_curls_content_type_is_accepted(service: Instance) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}

    answer = service.ask("POST", "/score", b'{"data": [[1, 2]]}', form)

    assert (200, [[1, 2]]) == (answer.status, answer.json)


@pytest.mark.parametrize("want", ["exit", "interrupt"])
def test_5_sys_exit_harms_nobody(service: Instance, want: str) -> None:
    before = service.record["worker_pids"]

    answer = service.score({"want": want})

    assert answer.status == 500
    assert set(answer.json) == {"message"}
    assert [[1, 2]] == service.score({"data": [[1, 2]]}).json
    assert before == service.record["worker_pids"]


@pytest.mark.parametrize(
    ("want", "expected"),
    [
        ("array", [[1, 2]]),
        ("scalars", [1, 0.5, True, "x"]),
        ("keys", {"1": 2, "b": 3}),
        (
            "times",
            ["2019-05-31", "2019-05-31T10:00:00", "2019-05-31", ["2019-05-31T00:00:00.000000000"]],
        ),
        ("frame with times", [{"t": "2019-05-31T00:00:00"}]),
        ("series", [1, 2]),
        ("index", [0, 1]),
        ("point", {"x": 1, "when": "2019-05-31"}),
        ("others", ["red", 1.5, [1], "00000000-0000-0000-0000-000000000000", None]),
    ],
)
def test_6_results_of_libraries_are_written(service: Instance, want: str, expected: Any) -> None:
    assert expected == service_json(service, want)


def test_6_a_frame_becomes_records(lenient: Instance) -> None:
    assert [{"a": 1, "b": "x"}, {"a": 2, "b": None}] == service_json(lenient, "frame")


def test_7_the_connection_is_kept_and_each_request_logged_once_at_most(service: Instance) -> None:
    connection = service.connect()
    sizes = []
    for _ in range(2):
        connection.request("POST", "/score", b'{"data": [[1, 2]]}', {"content-type": "text/json"})
        response = connection.getresponse()
        response.read()
        sizes.append((response.will_close, len(service.log)))
    connection.close()

    assert [False, False] == [closed for closed, _ in sizes]
    assert sizes[0][1] == sizes[1][1]


def test_8_an_error_that_a_script_returns_as_a_text_is_found_by_a_check(tmp_path: Path) -> None:
    script = """
        def init():
            pass

        def run(data):
            try:
                return 1 / 0
            except Exception as e:
                return str(e)
    """
    checks = [{"request": {"json": {}}, "expect": {"json": [1]}}]

    with serving(tmp_path / "unchecked", script) as service:
        answer = service.score({})
    instance = start(write(tmp_path / "checked", script, checks=checks))
    try:
        found = instance.until("unfit")
        unready = instance.ask("GET", "/readyz").status
    finally:
        end(instance)

    assert (200, "division by zero") == (answer.status, answer.json)
    assert 503 == unready
    assert "division by zero" in str(found["error"])


def test_9_the_samples_are_in_swagger_as_in_v1(service: Instance) -> None:
    text = service.ask("GET", "/swagger.json").body.decode()

    assert "secret" in text
    assert "https" not in text


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
def test_9_the_samples_can_be_kept_out_of_swagger(lenient: Instance, version: str) -> None:
    document = lenient.ask("GET", "/swagger.json?version=" + version).json

    text = json.dumps(document)
    held = document.get("definitions") or document["components"]["schemas"]
    assert not {"41", "42", "43", "secret"} & set(text.replace('"', " ").split())
    assert "array" == held["ServiceInput"]["properties"]["data"]["type"]
    assert "integer" == held["ServiceOutput"]["properties"]["example"]["type"]


def test_10_only_this_machine_is_listened_to(service: Instance) -> None:
    assert service.record["host"] == "127.0.0.1"

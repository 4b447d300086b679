"""Casts that would lose something are refused with the place; those that lose nothing pass."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_environments import SCHEMA, environment, interpreter, with_schema
from serving_instance import Instance, end, failed, serving, start, write

SCRIPT = """
    import datetime
    import numpy as np
    import pandas as pd
    from inference_schema.schema_decorators import input_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType as Numpy
    from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType as Pandas
    from inference_schema.parameter_types.standard_py_parameter_type import (
        StandardPythonParameterType as Standard,
    )

    people = pd.DataFrame({"age": [1], "member": [True], "name": ["a"], "size": [1.5]})
    point = np.array([(1, "ab", 1.0)], dtype=[("n", "i4"), ("s", "U2"), ("x", "f4")])

    def init():
        pass

    @input_schema("ints", Numpy(np.array([[1, 2]])), optional=True)
    @input_schema("small", Numpy(np.array([1], dtype="int8")), optional=True)
    @input_schema("floats", Numpy(np.array([[1.0, 2.0]], dtype="float32")), optional=True)
    @input_schema("texts", Numpy(np.array(["abc"])), optional=True)
    @input_schema("flags", Numpy(np.array([True])), optional=True)
    @input_schema("points", Numpy(point), optional=True)
    @input_schema("days", Numpy(np.array(["2019-05-31"], dtype="datetime64[D]")), optional=True)
    @input_schema("free", Numpy(np.array([[1]]), enforce_shape=False), optional=True)
    @input_schema("any", Numpy(np.array([1]), enforce_column_type=False), optional=True)
    @input_schema("people", Pandas(people), optional=True)
    @input_schema("split", Pandas(people, orient="split"), optional=True)
    @input_schema("columns", Pandas(people, orient="columns"), optional=True)
    @input_schema("index", Pandas(people, orient="index"), optional=True)
    @input_schema("values", Pandas(people, orient="values"), optional=True)
    @input_schema("table", Pandas(people, orient="table"), optional=True)
    @input_schema("count", Standard(1), optional=True)
    @input_schema("on", Standard(True), optional=True)
    @input_schema("day", Standard(datetime.date(2019, 5, 31)), optional=True)
    @input_schema("raw", Standard(b"x"), optional=True)
    @input_schema("Inputs", Standard({"data": Pandas(people), "rows": [1]}), optional=True)
    @input_schema("many", Standard([Numpy(np.array([1]))]), optional=True)
    def run(ints=None, small=None, floats=None, texts=None, flags=None, points=None, days=None,
            free=None, any=None, people=None, split=None, columns=None, index=None, values=None,
            table=None, count=None, on=None, day=None, raw=None, Inputs=None, many=None):
        given = {name: value for name, value in locals().items() if value is not None}
        name, value = next(iter(given.items()))
        if name == "raw":
            return value.decode()
        return value
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return with_schema()


@pytest.fixture(scope="module")
def service(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("casts")
    with serving(folder / "i", SCRIPT, python=str(python)) as instance:
        yield instance


@pytest.fixture(scope="module")
def as_v1(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("v1")
    more = {"casts": "v1"}
    with serving(folder / "i", SCRIPT, python=str(python), serving=more) as instance:
        yield instance


ROW = {"age": 3, "member": False, "name": "b", "size": 2.5}
LIST = [3, False, "b", 2.5]
NAMES = list(ROW)


def changed(**more: Any) -> dict[str, Any]:
    return {**ROW, **more}


PASSES = [
    ({"ints": [[1.0, 2]]}, [[1, 2]]),
    ({"small": [-128, 127]}, [-128, 127]),
    ({"floats": [[0.1, 2]]}, [[pytest.approx(0.1), 2.0]]),
    ({"floats": [[True, "2.5"]]}, [[1.0, 2.5]]),
    ({"texts": ["ab", 12]}, ["ab", "12"]),
    ({"flags": [True, False]}, [True, False]),
    ({"points": [{"n": 1, "s": "a", "x": 2}, [3, "bc", 0.5]]}, [[1, "a", 2.0], [3, "bc", 0.5]]),
    ({"days": ["2020-01-02"]}, ["2020-01-02"]),
    ({"free": [[1, 2], [3, 4]]}, [[1, 2], [3, 4]]),
    ({"any": [1.5]}, [1.5]),
    ({"people": [ROW]}, [ROW]),
    ({"people": [changed(age=4.0)]}, [changed(age=4)]),
    ({"split": {"columns": NAMES, "index": [0], "data": [LIST]}}, [ROW]),
    ({"columns": {name: {"0": value} for name, value in ROW.items()}}, [ROW]),
    ({"index": {"0": ROW}}, [ROW]),
    ({"count": 3.0}, 3),
    ({"on": True}, True),
    ({"day": "2020-01-02"}, "2020-01-02"),
    ({"raw": "eHl6\neHl6"}, "xyzxyz"),
    ({"Inputs": {"data": [ROW], "rows": [2]}}, {"data": [ROW], "rows": [2]}),
    ({"many": [[1], [2, 3]]}, [[1], [2, 3]]),
]


@pytest.mark.parametrize(("body", "expected"), PASSES, ids=lambda value: str(value)[:40])
def test_what_loses_nothing_passes(service: Instance, body: Any, expected: Any) -> None:
    answer = service.score(body)

    assert (200, expected) == (answer.status, answer.json)


REFUSALS = [
    ({"ints": [[1, 2], [3, 0.5]]}, "ints[1][1]", "0.5 would lose its fraction"),
    ({"ints": [[1, 2], [3]]}, "ints[1]", "2 items are expected, there are 1"),
    ({"ints": [[1, 2], 3]}, "ints[1]", "an array of 2 is expected"),
    ({"ints": [[1, "x"]]}, "ints[0][1]", "a whole number is expected, this is 'x'"),
    ({"ints": [[1, None]]}, "ints[0][1]", "a whole number is expected, this is null"),
    ({"ints": [[1, float("nan")]]}, "ints[0][1]", "a whole number is expected"),
    ({"ints": [[[1], 2]]}, "ints[0][0]", "a whole number is expected, this is an array"),
    ({"ints": {"a": 1}}, "ints", "an array is expected, this is an object"),
    ({"small": [1, 300]}, "small[1]", "300 is out of the range of int8"),
    ({"floats": [[1, "x"]]}, "floats[0][1]", "a number is expected, this is 'x'"),
    ({"texts": ["abc", "abcd"]}, "texts[1]", "'abcd' is longer than 3 characters"),
    ({"flags": [True, 1]}, "flags[1]", "a boolean is expected, this is 1"),
    ({"flags": ["false"]}, "flags[0]", "a boolean is expected, this is 'false'"),
    ({"points": [{"n": 1.5, "s": "a", "x": 2}]}, "points[0].n", "would lose its fraction"),
    ({"points": [{"n": 1, "x": 2}]}, "points[0].s", "it is missing"),
    ({"points": [[1, "abc", 2]]}, "points[0][1]", "longer than 2 characters"),
    ({"free": [[1.5]]}, "free[0][0]", "would lose its fraction"),
    ({"people": [ROW, changed(age=0.5)]}, "people[1].age", "would lose its fraction"),
    ({"people": [changed(member=1)]}, "people[0].member", "a boolean is expected, this is 1"),
    ({"people": [changed(age=None)]}, "people[0].age", "a whole number is expected"),
    ({"people": [changed(size="x")]}, "people[0].size", "a number is expected"),
    ({"people": [changed(extra=1)]}, "people[0].extra", "there is no such column"),
    ({"people": [{"age": 1, "name": "b", "size": 1}]}, "people[0].member", "it is missing"),
    ({"people": [5]}, "people[0]", "an object is expected, this is a whole number"),
    ({"people": 5}, "people", "an array is expected, this is a whole number"),
    (
        {"split": {"columns": NAMES, "index": [0], "data": [[0.5, *LIST[1:]]]}},
        "split.data[0][0]",
        "would lose its fraction",
    ),
    ({"split": {"columns": NAMES}}, "split.data", "it is missing"),
    (
        {"columns": {**{n: {"0": v} for n, v in ROW.items()}, "age": {"0": 1.5}}},
        'columns.age["0"]',
        "",
    ),
    ({"index": {"a": changed(age=1.5)}}, "index.a.age", "would lose its fraction"),
    ({"values": [LIST, LIST[:3]]}, "values[1]", "4 items are expected, there are 3"),
    ({"values": [[1.5, *LIST[1:]]]}, "values[0][0]", "would lose its fraction"),
    ({"table": {"schema": {}}}, "table.data", "it is missing"),
    ({"count": 1.5}, "count", "1.5 would lose its fraction"),
    ({"count": "1"}, "count", "Expected: <class 'int'>"),
    ({"on": 1}, "on", "a boolean is expected"),
    ({"day": "31/05/2019"}, "day", "a date like 2019-05-31 is expected"),
    ({"raw": "eHl6!"}, "raw", "a base64 string is expected"),
    ({"raw": 5}, "raw", "a base64 string is expected, this is a whole number"),
    ({"Inputs": {"data": [changed(age=0.5)]}}, "Inputs.data[0].age", "would lose its fraction"),
    ({"Inputs": [1]}, "Inputs", "an object is expected, this is an array"),
    ({"many": [[1], [0.5]]}, "many[1][0]", "would lose its fraction"),
]


@pytest.mark.parametrize(("body", "path", "words"), REFUSALS, ids=lambda value: str(value)[:40])
def test_what_would_lose_something_is_400_with_its_path(
    service: Instance, body: Any, path: str, words: str
) -> None:
    answer = service.score(body)

    assert answer.status == 400
    assert answer.json["message"].startswith(f"`{path}` does not fit its schema: ")
    assert words in answer.json["message"]
    assert answer.headers["x-ms-run-function-failed"] == "False"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"ints": [[0.9, 2]]}, [[0, 2]]),
        ({"texts": ["abcd"]}, ["abc"]),
        ({"flags": [2, 0]}, [True, False]),
        ({"people": [changed(age=0.9, member=3)]}, [changed(age=0, member=True)]),
    ],
)
def test_v1s_casts_can_be_had_by_setting(as_v1: Instance, body: Any, expected: Any) -> None:
    answer = as_v1.score(body)

    assert (200, expected) == (answer.status, answer.json)


def test_what_v1_could_not_convert_is_400_with_its_path_there_too(as_v1: Instance) -> None:
    answer = as_v1.score({"ints": [[1, 2], [3, "x"]]})

    assert answer.status == 400
    assert answer.json["message"].startswith("`ints[1][1]` ")


def test_v1s_casts_can_be_had_by_the_environment(python: Path, tmp_path: Path) -> None:
    environment = {"MLOPS_CASTS": "v1"}
    with serving(
        tmp_path, SCRIPT, python=str(python), environment_variables=environment
    ) as instance:
        assert [[0, 2]] == instance.score({"ints": [[0.9, 2]]}).json


def test_a_setting_that_makes_no_sense_is_said(tmp_path: Path) -> None:
    _, record, _ = failed(tmp_path, "", serving={"casts": "loose"})

    expected = "`serving.casts` is 'loose', but must be one of strict, v1"
    assert expected == record["error"]["summary"]


def test_python_3_6_with_its_own_releases_refuses_the_same(tmp_path: Path) -> None:
    packages = ("inference-schema[numpy-support,pandas-support]==1.1.0", "setuptools", "pytz")
    python = environment(*packages, python=interpreter("3.6"), warm="import pandas, wrapt")
    with serving(tmp_path, OLD, python=str(python)) as service:
        good = service.score({"data": [[1.0, 2]], "frame": [{"age": 3}]})
        fraction = service.score({"data": [[1, 2.5]], "frame": [{"age": 3}]})
        shape = service.score({"data": [[1]], "frame": [{"age": 3}]})
        cell = service.score({"data": [[1, 2]], "frame": [{"age": 3}, {"age": 0.5}]})
        swagger = service.ask("GET", "/swagger.json").json["definitions"]["ServiceInput"]

    assert {"data", "frame"} == set(swagger["properties"])
    assert [[[1, 2]], [3]] == good.json
    words = [answer.json["message"].partition(" does")[0] for answer in (fraction, shape, cell)]
    assert ["`data[0][1]`", "`data[0]`", "`frame[1].age`"] == words
    assert {400} == {answer.status for answer in (fraction, shape, cell)}


OLD = """
    import numpy as np
    import pandas as pd
    from inference_schema.schema_decorators import input_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType as Numpy
    from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType as Pandas

    def init():
        pass

    @input_schema("data", Numpy(np.array([[1, 2]])))
    @input_schema("frame", Pandas(pd.DataFrame({"age": [1]})))
    def run(data, frame):
        return [data, frame["age"]]
"""

SPARK = """
    from pyspark.sql import SparkSession
    from inference_schema.schema_decorators import input_schema
    from inference_schema.parameter_types.spark_parameter_type import SparkParameterType as Spark

    sample = SparkSession.builder.getOrCreate().createDataFrame([(1, "a")], ["age", "name"])

    def init():
        pass

    @input_schema("data", Spark(sample))
    def run(data):
        return [row.age for row in data.collect()]
"""


WARM = """
import inference_schema.parameter_types.spark_parameter_type
import inference_schema.schema_decorators
import pyspark.sql
"""


def test_spark_frames_are_made_where_spark_is(tmp_path: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not here")
    python = environment(*SCHEMA, "pyspark<4", warm=WARM)
    service = start(write(tmp_path, SPARK, python=str(python)))
    try:
        assert service.until("ready", "failed", seconds=120)["state"] == "ready"
        good = service.score({"data": [{"age": 3, "name": "b"}]})
        bad = service.score({"data": 5})
    finally:
        end(service)

    assert ([3], 400) == (good.json, bad.status)
    assert bad.json["message"].startswith("`data` does not fit its schema: ")

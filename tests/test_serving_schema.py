"""Scripts with `inference-schema`: the 2019 page's own, and its errors as 400 instead of 500."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_environments import environment
from serving_instance import Instance, serving

PAGE = Path(__file__).resolve().parents[2] / "shared" / "contract" / "page.es.md"
PACKAGES = ["numpy", "scikit-learn", "joblib", "inference-schema[numpy-support]"]
TRAIN = """
import sys, joblib, numpy
import inference_schema.parameter_types.numpy_parameter_type
import inference_schema.schema_decorators
from sklearn.linear_model import Ridge
rows = numpy.arange(200).reshape(20, 10) % 7
model = Ridge().fit(rows, rows.sum(axis=1))
joblib.dump(model, sys.argv[1] + "/model.pkl")
answer = model.predict([[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]])[0]
open(sys.argv[1] + "/answer", "w").write(str(float(answer)))
"""
TYPED = """
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.standard_py_parameter_type import (
        StandardPythonParameterType as Standard,
    )

    def init():
        pass

    @input_schema("rows", Standard([{"age": 1, "name": "a"}]))
    @input_schema("limit", Standard(1), optional=True)
    @output_schema(Standard([1]))
    def run(rows, limit=3):
        if limit == 0:
            raise ValueError("the script's own")
        return [len(rows), limit]
"""


@pytest.fixture(scope="session")
def python() -> Path:
    return environment(*PACKAGES, warm=TRAIN)


@pytest.fixture(scope="module")
def page(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    if not PAGE.exists():
        pytest.skip("the 2019 page is not here")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (script,) = [block for block in blocks if "def init():" in block and "@input_schema" in block]
    environment = python.parent.parent
    folder = tmp_path_factory.mktemp("page")
    name = "sklearn_regression_model.pkl"
    files = [{"path": name, "blob": str(environment / "model.pkl")}]
    models = [{"name": name, "version": 1, "files": files}]
    with serving(folder / "i", script, python=str(python), models=models) as service:
        yield service


ROW = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_the_pages_script_scores_unmodified(page: Instance, python: Path) -> None:
    answer = page.score({"data": [ROW, ROW]})

    expected = float((python.parent.parent / "answer").read_text())
    assert answer.status == 200
    assert [pytest.approx(expected)] * 2 == answer.json


def test_curls_default_content_type_is_accepted(page: Instance) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    text = b'{"data": [[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]]}'

    assert page.ask("POST", "/score", text, form).status == 200
    assert page.ask("POST", "/score", text).status == 200
    assert page.ask("POST", "/score", b"a=1", form).status == 415


def test_query_parameters_are_scored(page: Instance) -> None:
    row = "[[10,9,8,7,6,5,4,3,2,1]]"

    assert page.ask("GET", f"/score?data={row}").status == 200


JSON = "application/json"


@pytest.mark.parametrize(
    ("kind", "body", "status", "words"),
    [
        (JSON, b"", 400, "POST body is empty. Expecting a JSON dictionary."),
        (JSON, b"{", 400, "POST body could not be decoded as JSON: Expecting property name"),
        (JSON, b"\xff", 400, "POST body could not be decoded as JSON: "),
        (JSON, b"[" * 100000, 400, "POST body could not be decoded as JSON: "),
        (JSON, b"[1]", 400, "POST body should be a JSON dictionary."),
        (JSON, b"{}", 400, "A value is not provided for the 'data' parameter."),
        ("text/plain", b"{}", 415, "Expects Content-Type to be application/json"),
        (
            JSON,
            b'{"data": [[1, 2]]}',
            400,
            "`data[0]` does not fit its schema: 10 items are expected",
        ),
        (JSON, b'{"data": 5}', 400, "`data` does not fit its schema: an array is expected"),
        (JSON, b'{"data": [["a"]]}', 400, "`data[0]` does not fit its schema"),
    ],
)
def test_input_that_does_not_fit_is_the_clients_error(
    page: Instance, kind: str, body: bytes, status: int, words: str
) -> None:
    answer = page.ask("POST", "/score", body, {"content-type": kind})

    assert status == answer.status
    assert words in answer.json["message"]


@pytest.mark.parametrize(
    ("version", "path"), [("2", ["definitions"]), ("3", ["components", "schemas"])]
)
def test_the_schema_is_in_swagger(page: Instance, version: str, path: list[str]) -> None:
    found: Any = page.ask("GET", "/swagger.json?version=" + version).json
    for key in path:
        found = found[key]

    assert found["ServiceInput"]["properties"]["data"]["type"] == "array"
    assert found["ServiceOutput"]["example"] == [3726.995]


def test_a_missing_optional_parameter_takes_its_default(python: Path, tmp_path: Path) -> None:
    with serving(tmp_path, TYPED, python=str(python)) as service:
        rows = [{"age": 3, "name": "x"}]
        full = service.score({"rows": rows, "limit": 2})
        short = service.score({"rows": rows})
        wrong = service.score({"rows": {"age": 3}})
        own = service.score({"rows": rows, "limit": 0})

    assert [full.json, short.json] == [[1, 2], [1, 3]]
    assert (wrong.status, own.status) == (400, 500)
    assert "`rows`" in wrong.json["message"]


OWN = """
    from inference_schema.schema_decorators import input_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType as Numpy
    import numpy as np

    class Words(Numpy):
        def deserialize_input(self, value):
            if value == "bad":
                raise LookupError("no such word")
            return np.array([len(word) for word in value.split()])

    def init():
        pass

    @input_schema("data", Words(np.array([1])))
    def run(data):
        return data
"""


def test_a_parameter_type_of_the_scripts_own_converts_by_itself(
    python: Path, tmp_path: Path
) -> None:
    with serving(tmp_path, OWN, python=str(python)) as service:
        good, bad = service.score({"data": "a bc"}), service.score({"data": "bad"})

    assert [1, 2] == good.json
    assert (400, "`data` does not fit its schema: no such word") == (
        bad.status,
        bad.json["message"],
    )

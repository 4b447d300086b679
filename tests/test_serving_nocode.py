"""Models that come without a script: scikit-learn and ONNX."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_environments import environment
from serving_instance import Instance, failed, serving

LEARN = """
import sys, joblib, numpy, pandas
from sklearn.linear_model import LinearRegression, LogisticRegression
x = numpy.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 5.0]])
joblib.dump(LogisticRegression().fit(x, [0, 0, 1, 1]), sys.argv[1] + "/classes.pkl")
joblib.dump(LinearRegression().fit(x, x.sum(axis=1)), sys.argv[1] + "/line.joblib")
named = pandas.DataFrame(x, columns=["a", "b"])
joblib.dump(LinearRegression().fit(named, x.sum(axis=1)), sys.argv[1] + "/named.pkl")
joblib.dump({"a": 1}, sys.argv[1] + "/none.pkl")
"""
GRAPH = """
import sys, onnx, onnxruntime
from onnx import TensorProto, helper
floats = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])
ints = helper.make_tensor_value_info("n", TensorProto.INT64, [1])
out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])
count = helper.make_tensor_value_info("m", TensorProto.INT64, [1])
nodes = [helper.make_node("Add", ["x", "x"], ["y"]), helper.make_node("Identity", ["n"], ["m"])]
graph = helper.make_graph(nodes, "g", [floats, ints], [out, count])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.save(model, sys.argv[1] + "/two.onnx")
graph = helper.make_graph(nodes[:1], "g", [floats], [out])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.save(model, sys.argv[1] + "/one.onnx")
"""


@pytest.fixture(scope="session")
def learn() -> Path:
    return environment("scikit-learn", "joblib", "pandas", warm=LEARN)


@pytest.fixture(scope="session")
def runtime() -> Path:
    return environment("onnxruntime", "onnx", warm=GRAPH)


def settings(python: Path, kind: str, *files: str) -> dict[str, Any]:
    folder = python.parent.parent
    listed = [{"path": "m/" + name, "blob": str(folder / name)} for name in files]
    return {
        "python": str(python),
        "entry_script": "builtin:" + kind,
        "models": [{"name": "best", "version": 1, "files": listed}],
    }


@pytest.fixture(scope="module")
def classes(learn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("classes")
    with serving(folder / "i", "", **settings(learn, "sklearn", "classes.pkl")) as instance:
        yield instance


@pytest.fixture(scope="module")
def graph(runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("graph")
    with serving(folder / "i", "", **settings(runtime, "onnx", "two.onnx")) as instance:
        yield instance


def test_a_classifier_tells_probabilities_unless_asked_otherwise(classes: Instance) -> None:
    rows = {"data": [[3, 5], [0, 1]]}

    found = classes.score(rows).json["predict_proba"]
    chosen = classes.score({**rows, "method": "predict"}).json

    assert [[2], [2]] == [[len(row)] for row in found]
    assert {"predict": [1, 0]} == chosen


def test_a_model_without_probabilities_predicts(learn: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "", **settings(learn, "sklearn", "line.joblib")) as service:
        assert {"predict": [pytest.approx(3.0)]} == service.score({"data": [[1, 2]]}).json


def test_rows_may_be_given_by_name(learn: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "", **settings(learn, "sklearn", "named.pkl")) as service:
        named = service.score({"data": [{"b": 2, "a": 1}]})
        listed = service.score({"data": [[1, 2]]})
        missing = service.score({"data": [{"b": 2}]})
        log = service.log

    assert {"predict": [pytest.approx(3.0)]} == named.json == listed.json
    assert (400, True) == (missing.status, "`data[0].a`" in missing.json["message"])
    assert "Warning" not in log


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "`data` does not fit its schema: it is missing"),
        ({"data": 5}, "`data` does not fit its schema: an array of rows is expected"),
        ({"data": [[1, 2], [1]]}, "`data[1]` does not fit its schema: 2 items are expected"),
        ({"data": [[1, 2], 3]}, "`data[1]` does not fit its schema: an array is expected"),
        ({"data": [[1, 2]], "method": "fit"}, "`method` does not fit its schema: the model has"),
        ([1], "POST body should be a JSON dictionary."),
    ],
    ids=str,
)
def test_rows_that_do_not_fit_are_400(classes: Instance, body: Any, words: str) -> None:
    answer = classes.score(body)

    assert answer.status == 400
    assert words in answer.json["message"]


def test_swagger_tells_what_the_model_takes(classes: Instance) -> None:
    found = classes.ask("GET", "/swagger.json").json["definitions"]["ServiceInput"]

    assert found["properties"]["data"]["items"]["maxItems"] == 2
    assert found["properties"]["method"]["default"] == "predict_proba"


def test_an_object_without_methods_is_said(learn: Path, tmp_path: Path) -> None:
    _, record, _ = failed(tmp_path, "", **settings(learn, "sklearn", "none.pkl"))

    assert "none.pkl holds an object, which has none of" in record["error"]["summary"]


def test_several_files_are_said(learn: Path, tmp_path: Path) -> None:
    more = settings(learn, "sklearn", "classes.pkl", "line.joblib")

    _, record, _ = failed(tmp_path, "", **more)

    expected = "a model of one file is needed to serve it without a script, found: "
    assert expected + "m/classes.pkl, m/line.joblib" in record["error"]["summary"]


def test_a_built_in_script_that_is_not_there_is_said(learn: Path, tmp_path: Path) -> None:
    _, record, _ = failed(tmp_path, "", **settings(learn, "torch", "classes.pkl"))

    expected = "there is no built-in script 'torch', only sklearn, onnx"
    assert expected == record["error"]["summary"]


def test_a_graph_takes_its_inputs_by_name(graph: Instance) -> None:
    answer = graph.score({"x": [[1, 2], [3, 4.5]], "n": [7]})

    assert {"y": [[2.0, 4.0], [6.0, 9.0]], "m": [7]} == answer.json


def test_a_graph_with_one_input_takes_data(runtime: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "", **settings(runtime, "onnx", "one.onnx")) as service:
        assert {"y": [[2.0, 4.0]]} == service.score({"data": [[1, 2]]}).json


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"x": [[1, 2]]}, "`n` does not fit its schema: it is missing"),
        ({"x": [[1, 2]], "n": [1], "z": 1}, "`z` does not fit its schema: the graph takes x, n"),
        ({"x": [[1, 2, 3]], "n": [1]}, "`x[0]` does not fit its schema: 2 items"),
        ({"x": [1], "n": [1]}, "`x[0]` does not fit its schema: an array is expected"),
        ({"x": [[1, 2]], "n": [0.5]}, "`n[0]` does not fit its schema: a whole number"),
        ({"x": [[1, "a"]], "n": [1]}, "`x[0][1]` does not fit its schema: a number"),
        ({"x": [[1, [2]]], "n": [1]}, "`x[0][1]` does not fit its schema: a single value"),
    ],
    ids=str,
)
def test_inputs_that_do_not_fit_the_graph_are_400(graph: Instance, body: Any, words: str) -> None:
    answer = graph.score(body)

    assert answer.status == 400
    assert words in answer.json["message"]


def test_swagger_tells_what_the_graph_takes(graph: Instance) -> None:
    found = graph.ask("GET", "/swagger.json").json["definitions"]

    x, n = (found["ServiceInput"]["properties"][name] for name in ("x", "n"))
    assert ("array", 2, "number") == (
        x["type"],
        x["items"]["maxItems"],
        x["items"]["items"]["type"],
    )
    assert ("integer", 1) == (n["items"]["type"], n["minItems"])
    assert {"x": [[0, 0]], "n": [0]} == found["ServiceInput"]["example"]
    assert {"y", "m"} == set(found["ServiceOutput"]["properties"])


def test_an_old_python_without_joblib_serves_a_pickle(tmp_path: Path) -> None:
    from serving_environments import interpreter  # noqa: PLC0415 - the one test that needs it

    python = interpreter("3.6")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "own.py").write_text("class M:\n    def predict(s, x): return [9]\n")
    made = "import own, pickle; pickle.dump(own.M(), open('m.pkl', 'wb'))"
    variables = {"PYTHONPATH": str(tmp_path / "lib")}
    subprocess.run([str(python), "-c", made], check=True, cwd=tmp_path, env=variables)
    models = [
        {"name": "m", "version": 1, "files": [{"path": "m.pkl", "blob": str(tmp_path / "m.pkl")}]}
    ]

    with serving(
        tmp_path / "i",
        "",
        python=str(python),
        entry_script="builtin:sklearn",
        models=models,
        environment_variables=variables,
    ) as service:
        assert {"predict": [9]} == service.score({"data": [[1]]}).json

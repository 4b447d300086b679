"""A model of scikit-learn or ONNX, served by a file that names no code."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from serving_environments import CACHE, environment
from test_serving_nocode import GRAPH, LEARN
from walk import NO_CHANGES, Answer, Walk, walking

SPEC = """\
version: 1
project: plain
models:
  best:
    path: {path}
    framework: {framework}
targets:
  laptop: {{kind: process}}
deployments:
  best:
    target: laptop
    models: [best]
    port: {port}
    checks:
      - request: {{json: {request}}}
        expect: {{json: {expect}, tolerance: 0.001}}
"""


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def written(walk: Walk, model: Path, framework: str, request: Any, expect: Any) -> None:
    (walk.folder / model.name).write_bytes(model.read_bytes())
    words = {"request": json.dumps(request), "expect": json.dumps(expect)}
    text = SPEC.format(path=model.name, framework=framework, port=walk.port, **words)
    walk.spec.write_text(text, encoding="utf-8")


def applied(walk: Walk) -> Answer:
    """Apply with the packages that other runs have fetched."""
    cached = {"UV_CACHE_DIR": str(CACHE / "uv")}
    answer = walk.run("apply", "--auto-approve", environ=cached)
    if "error: the package index did not answer: " in answer.err:
        pytest.skip("no package index answers")
    return answer


def test_a_classifier_of_scikit_learn_is_served_without_code(walk: Walk) -> None:
    learn = environment("scikit-learn", "joblib", "pandas", warm=LEARN)
    asked = [str(learn), "-c", "import sklearn; print(sklearn.__version__)"]
    version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    request = {"data": [[3, 5], [0, 1]], "method": "predict"}
    framework = f'{{name: scikit-learn, version: "{version}"}}'
    written(walk, learn.parents[1] / "classes.pkl", framework, request, {"predict": [1, 0]})

    answer = applied(walk)
    with urlopen(f"http://127.0.0.1:{walk.port}/swagger.json", timeout=10) as told:
        swagger = json.loads(told.read())
    packages = [path.name for path in walk.environment.rglob("scikit_learn-*.dist-info")]

    assert answer.code == 0, answer.err
    assert "predict_proba" in swagger["definitions"]["ServiceOutput"]["properties"]
    assert [f"scikit_learn-{version}.dist-info"] == packages
    assert walk.plan() == NO_CHANGES


def test_a_graph_is_served_without_code(walk: Walk) -> None:
    runtime = environment("onnxruntime", "onnx", warm=GRAPH)
    one = runtime.parents[1] / "one.onnx"
    written(walk, one, "{name: Onnx, version: '1.13'}", {"x": [[1, 2]]}, {"y": [[2.0, 4.0]]})

    answer = applied(walk)

    assert answer.code == 0, answer.err
    assert walk.plan() == NO_CHANGES


@pytest.mark.parametrize(
    ("framework", "words"),
    [
        ("{name: torch}", "`best` has no `inference`, and nothing serves `torch` without one"),
        ("", "`best` has no `inference`, and its model no `framework`"),
        ("{name: sklearn, version: new}", "`new` is no version of `scikit-learn`"),
    ],
    ids=str,
)
def test_what_cannot_be_served_without_code_is_said_with_its_line(
    walk: Walk, framework: str, words: str
) -> None:
    script = walk.folder / "score" / "score.py"
    written(walk, script, framework or "{name: x}", 1, 1)
    if not framework:
        walk.edit("mlops.yaml", "    framework: {name: x}\n", "")

    answer = walk.run("validate")

    assert answer.code == 1
    assert words in answer.err
    assert ":3: `best`" in answer.err or ":3: `new`" in answer.err


def test_two_models_need_code(walk: Walk) -> None:
    written(walk, walk.folder / "score" / "score.py", "{name: sklearn}", 1, 1)
    walk.edit("mlops.yaml", "models: [best]", "models: [best, other:1]")

    answer = walk.run("validate")

    assert (1, True) == (answer.code, "`best` has no `inference`, and 2 models" in answer.err)


def test_a_version_of_the_store_is_asked_for_its_framework(walk: Walk) -> None:
    register = ("models", "register", "old", "--path", "score/score.py", "--framework", "torch")
    assert walk.run(*register).code == 0
    written(walk, walk.folder / "score" / "score.py", "{name: sklearn}", 1, 1)
    walk.edit("mlops.yaml", "models: [best]", "models: ['old:1']")

    answer = walk.run("plan")

    assert answer.code == 1
    assert "`best` has no `inference`, and nothing serves `torch` without one" in answer.err

"""The same scripts and requests for v1's own server and for ours: where do the answers differ?"""

import os
import re
import socket
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from serving_contract import REQUESTS, SCRIPTS
from serving_environments import SCHEMA, environment
from serving_instance import Answer, Instance, serving, until

REFERENCE = ("azureml-inference-server-http==1.5.1", *SCHEMA)


class Theirs:
    """v1's server with one script."""

    def __init__(self, port: int) -> None:
        self.record = {"port": port}

    connect = Instance.connect
    ask = Instance.ask


@contextmanager
def theirs(folder: Path, python: Path, script: str) -> Iterator[Any]:
    folder.mkdir(parents=True)
    (folder / "score.py").write_text(textwrap.dedent(script))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {**os.environ, "AML_APP_ROOT": str(folder), "SERVICE_NAME": "sums"}
    program = "from azureml_inference_server_http.server.entry import app; app.run('127.0.0.1', %d)"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), "-c", program % port],
            cwd=folder,
            env={**variables, "AZUREML_ENTRY_SCRIPT": "score.py"},
            stdout=log,
            stderr=log,
        )
    try:
        server = Theirs(port)

        def up() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                return bool(server.ask("GET", "/").status == 200)  # type: ignore[misc]
            except OSError:
                return False

        until(up, 60)
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module", params=SCRIPTS)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Any, Instance]]:
    python = environment(*REFERENCE, warm="import flask, pandas, inference_schema")
    folder = tmp_path_factory.mktemp(request.param)
    script = SCRIPTS[request.param]
    # The same script, without v1's server beside it: an ordinary environment.
    own = environment(*SCHEMA, warm="import inference_schema.parameter_types.pandas_parameter_type")
    with (
        theirs(folder / "theirs", python, script) as reference,
        serving(folder / "ours", script, python=str(own)) as service,
    ):
        yield request.param, reference, service


SAME = ("x-ms-run-function-failed", "x-one", "allow")


def told(answer: Answer) -> dict[str, Any]:
    """Return what must be the same: status, meaning of the body, kind of body, flags."""
    kind = answer.headers.get("content-type", "")
    body: Any = answer.json if kind == "application/json" else answer.body
    found = {name: answer.headers.get(name) for name in SAME if answer.status < 400}
    found["failed"] = answer.headers.get("x-ms-run-function-failed")
    if answer.status in (404, 405, 431) and isinstance(body, dict):
        body = set(body)  # the words are Flask's own
        found["failed"] = None
    return {**found, "status": answer.status, "kind": kind, "body": body}


def test_the_answers_are_the_same(both: tuple[str, Any, Instance]) -> None:
    name, reference, service = both
    different = []

    for method, path, body, headers in REQUESTS[name]:
        expected = told(reference.ask(method, path, body, headers))
        actual = told(service.ask(method, path, body, headers))
        if path == "/":
            expected["failed"] = actual["failed"]
        if method == "OPTIONS" and name != "raw":  # answered without a run() that could fail
            expected.update(failed=None, **dict.fromkeys(SAME))
            actual.update(failed=None, **dict.fromkeys(SAME))
        if expected != actual:
            different.append((method, path, body, expected, actual))

    assert [] == different


UNCLAIMED = {"schemes", "securityDefinitions", "security", "securitySchemes"}


def bones(node: Any) -> Any:
    """Return a document without sentences, and without what v1 claims though it is not so."""
    if isinstance(node, list):
        return [bones(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: bones(value)
        for key, value in node.items()
        if key not in UNCLAIMED and not (key == "description" and isinstance(value, str))
    }


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document.get("definitions") or document["components"]["schemas"]
    return found


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
def test_swagger_has_the_same_form(both: tuple[str, Any, Instance], version: str) -> None:
    _, reference, service = both
    expected = reference.ask("GET", "/swagger.json?version=" + version)
    actual = service.ask("GET", "/swagger.json?version=" + version)

    assert expected.status == actual.status
    if expected.status != 200:
        assert re.sub(r"\W", "", expected.json["message"]) == re.sub(
            r"\W", "", actual.json["message"]
        )
        return
    left, right = bones(expected.json), bones(actual.json)
    assert schemas(left) == schemas(right)
    assert left["info"] == right["info"]
    score = {document["paths"]["/score"]["post"]["operationId"] for document in (left, right)}
    assert {"RunMLService"} == score
    assert operations(left) == operations(right)


def operations(document: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Return routes with methods, ids, parameter names and kinds of answers."""
    return {
        (path, method): (
            one["operationId"],
            [(given["name"], given["in"]) for given in one.get("parameters", [])],
            "requestBody" in one,
            {
                status: "schema" in answer or "content" in answer
                for status, answer in one["responses"].items()
            },
        )
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    }

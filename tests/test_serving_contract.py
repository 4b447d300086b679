"""The same scripts and requests for v1's own server and for ours: where do the answers differ?"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from serving_contract import REQUESTS, SCRIPTS
from serving_documents import bones, operations, schemas
from serving_environments import with_schema
from serving_instance import Answer, Instance, serving
from serving_reference import theirs


@pytest.fixture(scope="module", params=SCRIPTS)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Any, Instance]]:
    folder = tmp_path_factory.mktemp(request.param)
    script = SCRIPTS[request.param]
    # The same script, without v1's server beside it: an ordinary environment.
    own = with_schema()
    with (
        theirs(folder / "theirs", script, {}) as reference,
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
    return {**found, "status": answer.status, "kind": kind, "body": body}


def test_the_answers_are_the_same(both: tuple[str, Any, Instance]) -> None:
    name, reference, service = both
    different = []

    for method, path, body, headers in REQUESTS[name]:
        expected = told(reference.ask(method, path, body, headers))
        actual = told(service.ask(method, path, body, headers))
        if path == "/":
            expected["failed"] = actual["failed"]
        if expected != actual:
            different.append((method, path, body, expected, actual))

    assert [] == different


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

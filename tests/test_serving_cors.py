"""Browsers of other origins, the ids of a request, the log."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_instance import Instance, serving, until

PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "x-a"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    variables = {"AML_CORS_ORIGINS": "https://a.example, https://*.b.example"}
    folder = tmp_path_factory.mktemp("cors")
    with serving(folder, environment_variables=variables) as instance:
        yield instance


@pytest.mark.parametrize("origin", ["https://a.example", "https://x.b.example"])
def test_a_listed_origin_may_read_the_answer(service: Instance, origin: str) -> None:
    answer = service.score(1, {"origin": origin})

    assert origin == answer.headers["access-control-allow-origin"]
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "https://a.example.evil", "null"])
def test_another_origin_may_not(service: Instance, origin: str) -> None:
    asked = service.ask("OPTIONS", "/score", headers={"origin": origin, **PREFLIGHT})

    assert "access-control-allow-origin" not in service.score(1, {"origin": origin}).headers
    assert "access-control-allow-origin" not in asked.headers


def test_a_preflight_is_answered_in_v1s_words(service: Instance) -> None:
    headers = {"origin": "https://a.example", **PREFLIGHT}
    answer = service.ask("OPTIONS", "/score", headers=headers)

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert answer.headers["access-control-allow-headers"] == "x-a"


def test_an_error_may_be_read_too(service: Instance) -> None:
    answer = service.ask("PUT", "/score", b"", {"origin": "https://a.example"})

    assert answer.status == 405
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


def test_a_preflight_needs_no_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"primary": "k"}')
    keys.chmod(0o600)
    with serving(tmp_path, auth={}, cors=["*"]) as service:
        headers = {"origin": "https://any.example", **PREFLIGHT}
        asked = service.ask("OPTIONS", "/score", headers=headers)
        refused = service.score(1, {"origin": "https://any.example"})

    assert asked.headers["access-control-allow-origin"] == "https://any.example"
    assert refused.status == 401
    assert refused.headers["access-control-allow-origin"] == "https://any.example"


def test_without_origins_there_are_no_headers(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        answer = service.score(1, {"origin": "https://a.example"})

    assert not {name for name in answer.headers if name.startswith("access-control")}


def test_the_trace_of_a_request_is_echoed(service: Instance) -> None:
    answer = service.score(1, {"traceparent": TRACE, "tracestate": "a=b"})

    assert TRACE == answer.headers["traceparent"]
    assert answer.headers["tracestate"] == "a=b"


def test_the_log_may_be_json_with_a_line_a_request(tmp_path: Path) -> None:
    logs = {"format": "json", "requests": True}
    with serving(tmp_path, logs=logs) as service:
        service.score(1, {"x-request-id": "mine", "traceparent": TRACE})
        until(lambda: "mine" in service.log)
        lines = [json.loads(line) for line in service.log.splitlines()]

    (line,) = [line for line in lines if line.get("request_id") == "mine"]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/score", 200)
    assert (line["traceparent"], line["level"]) == (TRACE, "INFO")
    assert line["milliseconds"] >= 0


def test_by_default_no_request_leaves_a_line(service: Instance) -> None:
    service.score(1, {"x-request-id": "unlogged"})

    assert "unlogged" not in service.log

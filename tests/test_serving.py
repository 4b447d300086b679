"""The scoring server over HTTP: routes, bodies, headers, errors, in v1's words."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_instance import Instance, ask, serving

import mlops

SCRIPT = """
    import json, sys

    class Array:
        def tolist(self):
            return [1.5, 2]

    class Scalar:
        def item(self):
            return 7

    class Odd:
        pass

    def init():
        print("the script says hello")

    RESULTS = {
        "nothing": lambda: None,
        "text": lambda: "é",
        "array": lambda: {"a": [Array(), Scalar()]},
        "nan": lambda: [float("nan")],
        "odd": lambda: Odd(),
        "bytes": lambda: b"x",
        "exit": lambda: sys.exit(4),
        "raise": lambda: 1 / 0,
        "large": lambda: "x" * 3_000_000,
    }

    def run(data):
        found = json.loads(data) if data.startswith("{") else data
        if isinstance(found, dict) and "want" in found:
            return RESULTS[found["want"]]()
        return found
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("routes")
    with serving(folder, SCRIPT, serving={"max_body": 1000}) as instance:
        yield instance


def test_the_root_answers_healthy(service: Instance) -> None:
    answer = service.ask("GET", "/")

    assert (answer.status, answer.body) == (200, b"Healthy")
    assert answer.headers["content-type"].startswith("text/html")


def test_a_post_is_scored(service: Instance) -> None:
    answer = service.score({"data": [1, 2]})

    assert (answer.status, answer.json) == (200, {"data": [1, 2]})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-ms-run-function-failed"] == "False"
    assert re.fullmatch(r"\d+\.\d{3}", answer.headers["x-ms-run-fn-exec-ms"])


def test_a_get_hands_in_its_query_as_json(service: Instance) -> None:
    answer = service.ask("GET", "/score?a=1&b=[1,2]&c=x&d=null&e=1&e=%22y%22&f=")

    expected = {"a": 1, "b": [1, 2], "c": "x", "d": None, "e": [1, "y"], "f": ""}
    assert expected == answer.json


def test_options_is_answered_without_the_script(service: Instance) -> None:
    answer = service.ask("OPTIONS", "/score")

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_the_health_routes_answer(service: Instance, path: str) -> None:
    assert service.ask("GET", path).status == 200
    assert service.ask("HEAD", path).status == 200


def test_an_unknown_path_is_404(service: Instance) -> None:
    answer = service.ask("GET", "/nowhere")

    assert answer.status == 404
    assert {"message"} == set(answer.json)


@pytest.mark.parametrize(("method", "path"), [("PUT", "/score"), ("POST", "/"), ("POST", "/livez")])
def test_a_wrong_method_is_405(service: Instance, method: str, path: str) -> None:
    answer = service.ask(method, path, b"x")

    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert {"message"} == set(answer.json)


def test_an_undecorated_run_gets_the_body_as_text_whatever_its_type(service: Instance) -> None:
    answer = service.ask("POST", "/score", "plain é".encode(), {"content-type": "text/plain"})

    assert answer.json == "plain é"


def test_a_body_that_is_no_text_is_400(service: Instance) -> None:
    answer = service.ask("POST", "/score", b"\xff\xfe\xff")

    assert answer.status == 400
    assert answer.json["message"].startswith("Input cannot be decoded as UTF-8: ")


@pytest.mark.parametrize(
    ("want", "expected"),
    [("nothing", {}), ("text", "é"), ("array", {"a": [[1.5, 2], 7]})],
)
def test_results_become_json(service: Instance, want: str, expected: Any) -> None:
    assert expected == service.score({"want": want}).json


def test_a_large_result_arrives_whole(service: Instance) -> None:
    assert service.score({"want": "large"}).json == "x" * 3_000_000


@pytest.mark.parametrize(
    ("want", "words", "flag"),
    [
        ("nan", "NaN or Infinity", "False"),
        ("odd", "Object of type Odd is not JSON serializable", "False"),
        ("bytes", "Object of type bytes is not JSON serializable", "False"),
        ("exit", "An unexpected error occurred in scoring script.", "True"),
        ("raise", "An unexpected error occurred in scoring script.", "True"),
    ],
)
def test_what_cannot_be_answered_is_500(
    service: Instance, want: str, words: str, flag: str
) -> None:
    answer = service.score({"want": want})

    assert answer.status == 500
    assert words in answer.json["message"]
    assert flag == answer.headers["x-ms-run-function-failed"]


def test_an_exception_leaves_its_traceback_without_our_frames_in_the_log(service: Instance) -> None:
    service.score({"want": "raise"})

    assert "ZeroDivisionError" in service.log
    assert "mlops/serving" not in service.log.partition("Traceback")[2]


def test_what_the_script_prints_is_in_the_log(service: Instance) -> None:
    assert "the script says hello" in service.log


def test_the_worker_survives_all_of_it(service: Instance) -> None:
    before = service.record["worker_pids"]

    service.score({"want": "exit"})

    assert before == service.record["worker_pids"]
    assert service.record["restarts"] == 0


def test_a_request_id_is_echoed(service: Instance) -> None:
    answer = service.score(1, {"x-request-id": "abc", "x-ms-client-request-id": "client"})

    assert answer.headers["x-request-id"] == "abc"
    assert answer.headers["x-ms-client-request-id"] == "client"
    assert f"mlops/{mlops.__version__}" == answer.headers["x-ms-server-version"]


def test_a_request_without_an_id_gets_one(service: Instance) -> None:
    first, second = service.score(1).headers, service.ask("GET", "/nowhere").headers

    uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(uuid, first["x-request-id"])
    assert re.fullmatch(uuid, second["x-request-id"])
    assert first["x-request-id"] != second["x-request-id"]


@pytest.mark.parametrize("name", ["x-request-id", "x-ms-request-id", "x-ms-client-request-id"])
def test_an_id_of_more_than_100_characters_is_431(service: Instance, name: str) -> None:
    assert service.score(1, {name: "x" * 100}).status == 200
    answer = service.score(1, {name: "x" * 101})

    assert answer.status == 431
    assert "must not exceed 100 characters" in answer.json["message"]


def test_a_body_over_the_limit_is_413_and_the_connection_lives_on(service: Instance) -> None:
    connection = service.connect()

    refused = ask(connection, "POST", "/score", b"1" * 1001)
    allowed = ask(connection, "POST", "/score", b"1" * 1000)

    connection.close()
    assert (refused.status, allowed.status) == (413, 200)
    assert refused.json == {"message": "The body is larger than 1000 bytes."}


def test_a_chunked_body_over_the_limit_is_413(service: Instance) -> None:
    parts = iter([b"1" * 600, b"2" * 600])
    connection = service.connect()
    connection.request("POST", "/score", parts, encode_chunked=True)

    status = connection.getresponse().status

    connection.close()
    assert status == 413


def test_a_chunked_body_within_the_limit_is_scored(service: Instance) -> None:
    connection = service.connect()
    connection.request("POST", "/score", iter([b'{"a', b'": 1}']), encode_chunked=True)

    answer = json.loads(connection.getresponse().read())

    connection.close()
    assert answer == {"a": 1}


@pytest.mark.parametrize(
    ("version", "key", "value"),
    [
        ("", "swagger", "2.0"),
        ("?version=2.0", "swagger", "2.0"),
        ("?version=3", "openapi", "3.0.3"),
        ("?version=3.1", "openapi", "3.1.0"),
    ],
)
def test_the_swagger_document_comes_in_three_versions(
    service: Instance, version: str, key: str, value: str
) -> None:
    document = service.ask("GET", "/swagger.json" + version).json

    assert value == document[key]
    assert document["info"]["title"] == "sums"
    assert {"/", "/score", "/swagger.json"} == set(document["paths"])


def test_an_unknown_swagger_version_is_404(service: Instance) -> None:
    answer = service.ask("GET", "/swagger.json?version=4")

    message = "Swagger version [4] is not valid. Supported versions: [2, 3, 3.1]."
    assert (404, {"message": message}) == (answer.status, answer.json)


def test_garbage_is_400_and_harms_nobody(service: Instance) -> None:
    connection = service.connect()
    connection.connect()
    connection.sock.sendall(b"\x00\x01 nonsense\r\n\r\n")

    first = connection.sock.recv(100)

    connection.close()
    assert first.startswith(b"HTTP/1.1 400")
    assert service.score(1).status == 200


def test_headers_are_handed_to_a_run_that_asks_for_them(tmp_path: Path) -> None:
    script = """
        def init(): pass
        def run(data, request_headers):
            return [data, request_headers["X-Mine"], request_headers["Content-Type"]]
    """
    with serving(tmp_path, script) as service:
        answer = service.score(5, {"x-mine": "yes"})

    assert answer.json == ["5", "yes", "application/json"]


def test_the_version_of_the_server_is_that_of_the_package() -> None:
    text = (Path(mlops.__file__).parent / "serving" / "__init__.py").read_text()

    assert f'VERSION = "{mlops.__version__}"' in text

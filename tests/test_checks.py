import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import make
import pytest
from check_cases import CASES, Case

from mlops.checks import first_difference, run_check, run_checks
from mlops.errors import Problem
from mlops.plain import freeze
from mlops.spec import Check, Expectation, Request


class Service(BaseHTTPRequestHandler):
    """Answer what the path asks for; `/echo` answers what it got."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/slow":
            time.sleep(0.05)
        if self.path == "/silent":
            time.sleep(0.3)
            self.close_connection = True
            return
        given = [case for case in CASES if self.path == f"/{quote(case.it)}"]
        if given:
            self.reply(given[0].status, given[0].body)
            return
        answers = {
            "/echo": json.dumps(
                {
                    "method": self.command,
                    "type": self.headers.get("Content-Type"),
                    "body": body.decode(),
                }
            ).encode(),
            "/number": b"[152.25]",
            "/text": b"hello\nworld",
            "/nan": b"[NaN]",
            "/long": b'["' + b"x" * 5000 + b'"]',
        }
        answer = answers.get(self.path, b"Traceback:\n\n  it\x1b broke")
        self.reply(200 if self.path in answers else 502, answer)

    def reply(self, status: int, answer: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - as above

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/score"
        server.shutdown()


def check(path: str, *, request: dict[str, Any] | None = None, **expect: Any) -> Check:
    return make.check(
        request=Request(path=path, **freeze(request or {})), expect=Expectation(**freeze(expect))
    )


def summaries(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.summary for problem in problems]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.it)
def test_a_check_means_what_the_table_says(endpoint: str, case: Case) -> None:
    path = f"/{quote(case.it)}"
    expected = [f"`POST {path}` {case.said}"] if case.said else []

    problems = run_check(check(path, **case.expect), endpoint)

    assert expected == summaries(problems)


def test_json_is_sent_as_json(endpoint: str) -> None:
    asked = {"json": {"data": [[1, 2.5]]}}
    echo = {"method": "POST", "type": "application/json", "body": '{"data": [[1, 2.5]]}'}

    problems = run_check(check("/echo", request=asked, json=echo), endpoint)

    assert problems == ()


def test_method_headers_and_body_are_sent_as_written(endpoint: str) -> None:
    asked = {"method": "GET", "headers": {"content-type": "text/x"}, "body": "grüß"}
    echo = {"method": "GET", "type": "text/x", "body": "grüß"}

    problems = run_check(check("/echo", request=asked, json=echo), endpoint)

    assert problems == ()


def test_a_number_within_the_tolerance_is_as_expected(endpoint: str) -> None:
    near, far = check("/number", json=[152], tolerance=0.25), check("/number", json=[152])

    problems = run_checks([near, far], endpoint)

    assert summaries(problems) == ["`POST /number` answered [0]: expected 152, found 152.25"]
    assert far.where == problems[0].where


def test_another_status_shows_the_answer_on_one_line(endpoint: str) -> None:
    problems = run_check(check("/broken", json=[1]), endpoint)

    assert summaries(problems) == [
        "`POST /broken` answered status 502, expected 200: Traceback: it? broke"
    ]


def test_a_status_may_be_expected(endpoint: str) -> None:
    assert run_check(check("/broken", status=502), endpoint) == ()


@pytest.mark.parametrize("path", ["/text", "/nan"])
def test_what_is_no_json_is_told(endpoint: str, path: str) -> None:
    problems = run_check(check(path, json=[1]), endpoint)

    assert problems[0].summary.startswith(f"`POST {path}` answered no JSON: ")


def test_a_long_answer_is_cut(endpoint: str) -> None:
    problems = run_check(check("/long", json=["y"]), endpoint)

    assert len(problems[0].summary) < 300


def test_a_slow_answer_is_told_in_milliseconds(endpoint: str) -> None:
    slow, fine = check("/slow", status=502, latency=0.01), check("/slow", status=502, latency=5)

    problems = run_checks([slow, fine], endpoint)

    assert len(problems) == 1
    assert problems[0].summary.endswith(" ms, expected 10 ms")


def test_a_service_that_does_not_answer_in_time_is_a_problem(endpoint: str) -> None:
    problems = run_check(check("/silent"), endpoint, timeout=0.1)

    assert summaries(problems) == [f"`POST /silent` of `{endpoint}` did not answer within 0.1 s"]


def test_a_port_where_nobody_listens_is_a_problem() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}/score"

        problems = run_check(check("/score"), endpoint)

    assert summaries(problems) == [
        f"`POST /score` of `{endpoint}` got no answer: Connection refused"
    ]


@pytest.mark.parametrize(
    "request_",
    [{"path": "/a b"}, {"path": "/x", "headers": {"a": "b\nc"}}, {"path": "/x", "method": "A B"}],
)
def test_a_request_that_cannot_be_sent_is_a_problem(
    endpoint: str, request_: dict[str, Any]
) -> None:
    asked = make.check(request=Request(**request_))

    assert len(run_check(asked, endpoint)) == 1


@pytest.mark.parametrize(
    ("expected", "found", "difference"),
    [
        ([{"label": 1}], [{"label": 2}], "[0].label: expected 1, found 2"),
        (1, 1.0, None),
        (True, 1, "expected true, found 1"),
        (0, False, "expected 0, found false"),
        (True, True, None),
        ("1", 1, 'expected "1", found 1'),
        ([1, 2], [1], "expected 2 items, found 1"),
        ({"a": [1, {}]}, {"a": [1, []]}, "a[1]: expected {}, found []"),
        ({"a": 1, "b": 2}, {"b": 2}, "a: expected 1, found nothing"),
        ({"a": {}}, {"a": {"b": 2}}, "a.b: expected nothing, found 2"),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}, None),
        (1.5, 10**400, f"expected 1.5, found {'1' + '0' * 199}…"),
    ],
)
def test_the_first_difference_is_told_with_its_path(
    expected: Any, found: Any, difference: str | None
) -> None:
    assert first_difference(freeze(expected), found, 0.0) == difference


def test_the_tolerance_holds_for_every_number_but_for_nothing_else() -> None:
    assert first_difference(freeze({"a": [1, "x"]}), {"a": [1.09, "x"]}, 0.1) is None
    assert first_difference(freeze([True]), [1.0], 0.1) == "[0]: expected true, found 1.0"

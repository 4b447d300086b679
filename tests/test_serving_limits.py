"""What a client may not do: endless headers, slow bodies, too many connections or bytes."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from serving_instance import ACTS, ECHO, Instance, failed, serving, until

HEAD = b"POST /score HTTP/1.1\r\nhost: x\r\n"


def dial(service: Instance) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.record["port"]), timeout=10)


def rest(line: socket.socket) -> bytes:
    """Read until the server ends the connection."""
    found = b""
    while data := line.recv(65536):
        found += data
    return found


def said(service: Instance, data: bytes) -> bytes:
    with dial(service) as line:
        line.sendall(data)
        return rest(line)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /score?" + b"q" * 9000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (HEAD + b"x: " + b"y" * 9000 + b"\r\n\r\n", b"431"),
        (HEAD + b"x: y\r\n" * 60 + b"\r\n", b"431"),
        (HEAD + b"x: " + b"y" * 200_000, b"431"),
        (HEAD + b"x y: z\r\n\r\n", b"400"),
        (HEAD + b"content-length: -1\r\n\r\n", b"400"),
        (HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\n", b"400"),
        (HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", b"400"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET noslash HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT a:1 HTTP/1.1\r\n\r\n", b"4"),
        (b"\x16\x03\x01\x02\x00", b"400"),
    ],
)
def test_a_head_that_is_too_large_or_broken_is_refused(
    limited: Instance, head: bytes, status: bytes
) -> None:
    answer = said(limited, head)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in answer
    assert "message" in json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> object:
    limits = {
        "max_head": 8192,
        "max_headers": 50,
        "head_timeout": 0.5,
        "body_timeout": 0.5,
        "keep_alive": 1.0,
    }
    with serving(tmp_path_factory.mktemp("limits"), ECHO, serving=limits) as instance:
        yield instance


def test_trailers_without_end_are_refused(limited: Instance) -> None:
    body = b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx: " + b"y" * 10

    with dial(limited) as line:
        line.sendall(HEAD + body)
        for _ in range(40):
            line.sendall(b"y" * 1000)
            time.sleep(0.001)

        assert rest(line).startswith(b"HTTP/1.1 431")


def test_headers_that_arrive_too_slowly_are_408(limited: Instance) -> None:
    with dial(limited) as line:
        line.sendall(HEAD)

        answer = rest(line)

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer


def test_a_body_that_arrives_too_slowly_is_408(limited: Instance) -> None:
    with dial(limited) as line:
        line.sendall(HEAD + b"content-length: 10\r\n\r\n12")

        assert rest(line).startswith(b"HTTP/1.1 408")


def test_a_client_that_says_nothing_is_sent_away_silently(limited: Instance) -> None:
    with dial(limited) as line:
        assert rest(line) == b""


def test_an_idle_connection_is_closed_after_its_time(limited: Instance) -> None:
    with dial(limited) as line:
        line.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
        before = time.monotonic()
        answer = rest(line)

    assert answer.startswith(b"HTTP/1.1 200")
    assert 0.9 < time.monotonic() - before < 5


def test_expect_continue_is_answered_before_the_body(limited: Instance) -> None:
    with dial(limited) as line:
        line.sendall(HEAD + b"content-length: 1\r\nexpect: 100-continue\r\n\r\n")
        first = line.recv(100)
        line.sendall(b"1")
        second = line.recv(1000)

    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert second.startswith(b"HTTP/1.1 200")


def test_expect_continue_spares_a_body_that_is_too_large(limited: Instance) -> None:
    answer = said(limited, HEAD + b"content-length: 999999999\r\nexpect: 100-continue\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413")


def test_a_client_that_asks_for_an_upgrade_is_answered_as_it_asked(limited: Instance) -> None:
    upgrade = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
    with dial(limited) as line:
        line.sendall(
            HEAD + upgrade + b"content-length: 1\r\n\r\n7" + HEAD + b"content-length: 1\r\n"
        )
        line.sendall(b"\r\n8")
        found = rest(line)

    assert found.endswith(b'"8"')
    assert b'"7"' in found


def test_many_pipelined_requests_are_answered_in_order(limited: Instance) -> None:
    count = 3000
    with dial(limited) as line, ThreadPoolExecutor(1) as threads:
        one = b"GET /livez HTTP/1.1\r\n\r\n"
        last = b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n"
        reading = threads.submit(rest, line)
        line.sendall(one * count + last)
        found = reading.result()

    assert count + 1 == found.count(b"HTTP/1.1 200")
    assert found.endswith(b"Healthy")


def test_http_1_0_is_answered_and_closed(limited: Instance) -> None:
    answer = said(limited, b"GET /livez HTTP/1.0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")


def test_head_has_the_length_and_no_body(limited: Instance) -> None:
    answer = said(limited, b"HEAD /livez HTTP/1.1\r\nconnection: close\r\n\r\n")

    assert b"content-length: 19" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_too_many_connections_are_503(tmp_path: Path) -> None:
    with serving(tmp_path, ECHO, serving={"connections": 3}) as service:
        lines = [dial(service) for _ in range(3)]
        time.sleep(0.1)
        answer = said(service, b"")
        for line in lines:
            line.close()
        until(lambda: service.score(1).status == 200)

    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in answer


def test_bodies_are_held_up_to_a_bound(tmp_path: Path) -> None:
    limits = {"queue_bytes": 250_000}
    with serving(tmp_path, ACTS, serving=limits) as service, ThreadPoolExecutor(8) as threads:
        mark = tmp_path / "begun"
        first = threads.submit(service.score, {"sleep": 1, "mark": str(mark)})
        until(mark.exists)
        act = {"n": "x" * 100_000}
        answers = [job.result() for job in [threads.submit(service.score, act) for _ in range(6)]]
        after = service.score(act)

    assert [200] * 2 + [503] * 4 == sorted(answer.status for answer in answers)
    assert (first.result().status, after.status) == (200, 200)


def test_who_hangs_up_in_the_queue_is_not_scored(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service, ThreadPoolExecutor(1) as threads:
        mark = tmp_path / "begun"
        first = threads.submit(service.score, {"sleep": 0.6, "mark": str(mark)})
        until(mark.exists)
        for _ in range(30):  # more than the pipe holds
            body = json.dumps({"mark": str(tmp_path / "late"), "sleep": 0.2}).encode()
            line = dial(service)
            line.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
            line.close()
        first.result()
        before = time.monotonic()
        assert service.score({}).status == 200
        took = time.monotonic() - before

    assert took < 16 * 0.2 + 1


def test_a_client_that_does_not_read_its_answer_is_given_up(tmp_path: Path) -> None:
    script = "def init(): pass\ndef run(data): return 'x' * 30_000_000"
    with serving(tmp_path, script, serving={"body_timeout": 0.5}) as service:
        with dial(service) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.sendall(HEAD + b"content-length: 1\r\n\r\n1")
            time.sleep(0.3)
            until(lambda: "mlops_connections 1\n" in metrics(service), seconds=8)

        assert service.score(1).status == 200


def metrics(service: Instance) -> str:
    return service.ask("GET", "/metrics").body.decode()


def test_a_drain_delay_keeps_answering_while_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, ECHO, drain_delay=1.0) as service:
        service.process.terminate()
        service.until("draining")
        ready, scored = service.ask("GET", "/readyz"), service.score(1)
        code = service.process.wait(timeout=10)

    assert (ready.status, scored.status, code) == (503, 200, 0)
    assert scored.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("variables", "serving_block", "workers", "milliseconds"),
    [
        ({"WORKER_COUNT": "2", "SCORING_TIMEOUT_MS": "300"}, {}, 2, 300),
        ({"SCORING_TIMEOUT_MS": "9000", "WORKER_TIMEOUT": "1"}, {}, 1, 1000),
        (
            {"WORKER_COUNT": "2", "SCORING_TIMEOUT_MS": "x", "WORKER_TIMEOUT": "1"},
            {"workers": 1, "timeout": 0.2},
            1,
            200,
        ),
    ],
)
def test_v1s_variables_count_where_the_serving_block_is_silent(
    variables: dict[str, str],
    serving_block: dict[str, float],
    workers: int,
    milliseconds: int,
    tmp_path: Path,
) -> None:
    changes = {"environment_variables": variables, "serving": serving_block}

    with serving(tmp_path, ACTS, **changes) as service:
        late = service.score({"sleep": 5})
        count = len(service.record["worker_pids"])

    assert (504, f"Scoring timeout after {milliseconds} ms") == (late.status, late.json["message"])
    assert workers == count


@pytest.mark.parametrize("name", ["WORKER_COUNT", "SCORING_TIMEOUT_MS", "WORKER_TIMEOUT"])
def test_a_variable_of_v1s_that_is_no_number_is_a_failure(name: str, tmp_path: Path) -> None:
    code, record, log = failed(tmp_path, environment_variables={name: "many"})

    assert (1, "failed") == (code, record["state"])
    assert f"`{name}` is `many`, not a whole number above 0" in log

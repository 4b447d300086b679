"""How a service faces its clients, said by the file: TLS, origins, limits, logs, collected data."""

import csv
import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from test_serving_tls import issue
from test_walk_swap import Clients
from walk import ROW, Walk, until, walking


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with walking(tmp_path_factory.mktemp("facing")) as begun:
        assert begun.apply().code == 0
        yield begun


@pytest.fixture
def walk(shared: Walk) -> Iterator[Walk]:
    text = shared.spec.read_text(encoding="utf-8")
    yield shared
    shared.spec.write_text(text, encoding="utf-8")


def say(walk: Walk, lines: str) -> None:
    walk.edit("mlops.yaml", "    port:", f"    {lines}\n    port:")


def ask(walk: Walk, method: str, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", walk.port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def subject(walk: Walk) -> str:
    """Return whom a new connection meets."""
    pem = ssl.get_server_certificate(("127.0.0.1", walk.port)).encode()
    words = ["openssl", "x509", "-noout", "-subject"]
    return subprocess.run(words, input=pem, capture_output=True, check=True).stdout.decode()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_a_certificate_of_the_user_is_shown_trusted_and_renewed(walk: Walk, tmp_path: Path) -> None:
    issue(tmp_path, "first")
    shutil.copytree(tmp_path / "tls", walk.folder / "tls")
    key = tmp_path / "tls" / "tls.key"
    say(walk, f"tls: {{certificate: tls/tls.crt, key: {{secret: file/{key}}}}}")

    plan, applied = walk.plan(), walk.apply()
    invoked, tested = walk.run("invoke", "diabetes"), walk.run("test")
    before = subject(walk)
    issue(tmp_path, "second")
    shutil.copy(tmp_path / "tls" / "tls.crt", walk.folder / "tls" / "tls.crt")
    until(lambda: "second" in subject(walk))

    assert "scheme           http -> https" in plan
    assert (0, 0, 0) == (applied.code, invoked.code, tested.code), applied.err + invoked.err
    assert f"https://127.0.0.1:{walk.port}/score" in applied.out
    assert "[205.8" in invoked.out
    assert "first" in before
    assert walk.run("invoke", "diabetes").code == 0
    with pytest.raises(OSError, match="certificate verify failed"):
        urlopen(f"https://127.0.0.1:{walk.port}/livez", timeout=10)
    walk.settled()


def test_a_private_key_that_is_in_no_file_is_refused_with_its_line(walk: Walk) -> None:
    say(walk, "tls: {certificate: a.crt, key: {secret: env/KEY}}")

    answer = walk.run("plan")

    assert answer.code == 1
    assert "the private key of `diabetes` must be in a file" in answer.err
    assert "mlops.yaml:" in answer.err


def test_limits_origins_and_routes_change_without_a_lost_request(walk: Walk) -> None:
    assert walk.apply().code == 0
    workers = walk.record()["worker_pids"]
    say(walk, "cors: {origins: ['https://*.example']}")
    say(walk, "metrics: off")
    say(walk, "swagger: off")
    say(walk, "serving: {max_body: 1kB, max_headers: 20, keep_alive: 5s}")

    with Clients(walk.port) as clients:
        applied = walk.apply()
    origin = {"Origin": "https://app.example"}
    answer, _ = ask(walk, "GET", "/score", **origin)
    statuses = [ask(walk, "GET", path)[0].status for path in ("/metrics", "/swagger.json")]
    large = Request(f"http://127.0.0.1:{walk.port}/score", data=b"x" * 1001)
    with pytest.raises(OSError, match="413"):
        urlopen(large, timeout=10)  # noqa: S310  http

    assert applied.code == 0, applied.err
    assert "serving.max_body     104857600 -> 1000" in applied.out
    assert "rolling: no request is lost" in applied.out
    assert [] == clients.failures
    assert answer.getheader("access-control-allow-origin") == "https://app.example"
    assert [404, 404] == statuses
    assert workers == walk.record()["worker_pids"]
    walk.settled()


def test_a_route_that_asks_for_a_key_needs_a_service_that_has_one(walk: Walk) -> None:
    say(walk, "metrics: authenticated")

    answer = walk.run("plan")

    assert answer.code == 1
    assert "`metrics` of `diabetes` asks for a key, and the service has none" in answer.err


def test_the_log_is_json_and_tells_each_request(walk: Walk) -> None:
    say(walk, "logs: {format: json, requests: true}")

    applied = walk.apply()
    walk.score()
    lines = walk.run("logs", "diabetes").out.splitlines()

    assert applied.code == 0, applied.err
    told = json.loads(lines[-1])
    assert ("/score", 200) == (told["path"], told["status"])


def test_inputs_and_outputs_are_collected_in_v1_s_layout(walk: Walk) -> None:
    say(walk, "collect_model_data: {folder: kept, boundary: hour, workspace: a/b/c}")

    applied = walk.apply()
    walk.score()
    above = walk.folder / "kept" / "a" / "b" / "c" / "diabetes" / "diabetes" / "1"
    until(lambda: list(above.rglob("*.csv")))
    until(lambda: len(list(above.rglob("data.csv"))) == 2)
    (file,) = (above / "inputs").rglob("data.csv")
    rows = list(csv.DictReader(file.open()))
    plan = walk.plan()

    assert applied.code == 0, applied.err
    assert ROW == [float(rows[-1][f"f{number}"]) for number in range(4)]
    assert rows[-1]["$aml_service_name"] == "diabetes"
    assert plan.startswith("No changes.")
    assert len(file.relative_to(above).parts) == 6  # inputs, year, month, day, hour, file


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("serving: {max_body: 5}", "write a whole number and its unit, as `500kB`"),
        ("cors: {origins: [app.example]}", "write an origin, as `https://app.example`"),
        ("cors: {}", "`origins` is missing in `cors`"),
        ("tls: {certificate: a.pem}", "`key` is missing in `tls`"),
        ("logs: {format: xml}", "`format` cannot be `xml`"),
        ("swagger: no-one", "`swagger` cannot be `no-one`"),
        ("collect_model_data: {sample: 2}", "`sample` must be between 0 and 1, not 2"),
        ("collect_model_data: true", "`collect_model_data` must be keys with values, not `true`"),
        ("serving: {connections: 0}", "`connections` must be between 1 and 100000, not 0"),
    ],
    ids=str,
)
def test_what_a_key_cannot_mean_is_said(walk: Walk, line: str, words: str) -> None:
    say(walk, line)

    answer = walk.run("validate")

    assert answer.code == 1
    assert words in answer.err

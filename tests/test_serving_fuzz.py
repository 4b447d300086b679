"""Whatever clients send: no crash, no hang, no 5xx but the script's, no memory that grows."""

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from benchmarks.flat import rows
from serving_environments import with_schema
from serving_instance import ACTS, ECHO, Instance, serving

TYPED = """
    from dataclasses import dataclass
    from typing import Dict, List, Optional
    @dataclass
    class Row:
        age: int
        name: str = "x"
        weight: Optional[float] = None
    def init():
        pass
    def run(
        rows: List[Row], scale: float = 1.0, tags: Optional[Dict[str, int]] = None
    ) -> List[float]:
        return [row.age * 1.0 for row in rows]
"""
DECORATED = """
    import numpy as np
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    def init():
        pass
    @input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
    @output_schema(NumpyParameterType(np.array([1.0])))
    def run(data):
        return data.sum(axis=1).tolist()
"""
FREE = {
    "unsupported_method": "v1's document does not tell that GET /score takes query parameters",
    "positive_data_acceptance": "v1's document does not tell that decorated fields are required",
}
"""Rules of schemathesis that the contract breaks, and how."""


def examined(service: Instance, version: str, *free: str) -> subprocess.CompletedProcess[str]:
    """Let schemathesis ask what the service's own document allows, and what it does not."""
    pytest.importorskip("schemathesis")
    base = f"http://127.0.0.1:{service.record['port']}"
    words = ["run", f"{base}/swagger.json?version={version}", "--url", base, "--seed", "1"]
    words += ["--exclude-checks", ",".join(free), "--max-examples", "12", "--no-color"]
    return subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *words, "--max-time", "8"],
        cwd=service.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("version", ["2", "3.1"])
def test_a_typed_script_keeps_what_its_document_says(tmp_path: Path, version: str) -> None:
    with serving(tmp_path, TYPED) as service:
        done = examined(service, version, "unsupported_method")

        assert done.returncode == 0, done.stdout
        assert service.record["restarts"] == 0


def test_a_decorated_script_keeps_what_its_document_says(tmp_path: Path) -> None:
    with serving(tmp_path, DECORATED, python=str(with_schema())) as service:
        done = examined(service, "3", *FREE)

        assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    limits = {"head_timeout": 1.0, "body_timeout": 1.0, "keep_alive": 1.0, "max_body": 100_000}
    with serving(tmp_path_factory.mktemp("fuzz"), ECHO, serving=limits) as one:
        yield one


PARTS = [
    b"POST /score HTTP/1.1\r\n",
    b"GET /score?a=1&b=%00%ff HTTP/1.1\r\n",
    b"HEAD / HTTP/1.1\r\n",
    b"OPTIONS * HTTP/1.1\r\n",
    b"CONNECT x:1 HTTP/1.1\r\n",
    b"POST /v2/models/sums/infer HTTP/1.1\r\n",
    b"host: x\r\n",
    b"content-length: 5\r\n",
    b"content-length: -1\r\n",
    b"content-length: 99999999999999999999\r\n",
    b"transfer-encoding: chunked\r\n",
    b"transfer-encoding: gzip, chunked\r\n",
    b"connection: keep-alive, upgrade\r\nupgrade: h2c\r\n",
    b"expect: 100-continue\r\n",
    b"content-type: application/json\r\n",
    b"x-request-id: " + b"a" * 101 + b"\r\n",
    b"traceparent: 00-\xff\r\n",
    b" folded\r\n",
    b"a\x00b: c\r\n",
    b"\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"3;ext=1\r\nabc\r\n",
    b"hello",
    b'{"inputs": [{"name": "a", "shape": [1], "datatype": "FP32", "data": [1]}]}',
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


def noise(seed: int) -> bytes:
    """Make bytes that look a little like HTTP."""
    rng = random.Random(seed)  # noqa: S311  the same every time
    found = b"".join(rng.choice(PARTS) for _ in range(rng.randrange(1, 12)))
    data = bytearray(found)
    for _ in range(rng.randrange(4)):
        if data:
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    return bytes(data)


def told(service: Instance, data: bytes, pieces: int) -> bytes:
    """Send bytes in so many pieces, say that there are no more, and read to the end."""
    with socket.create_connection(("127.0.0.1", service.record["port"]), timeout=10) as line:
        size = max(1, len(data) // pieces)
        found = b""
        try:
            for at in range(0, len(data), size):
                line.sendall(data[at : at + size])
                if pieces > 1:
                    time.sleep(0.001)
            line.shutdown(socket.SHUT_WR)
            while more := line.recv(65536):
                found += more
        except (ConnectionResetError, BrokenPipeError):
            pass
        return found


@pytest.mark.parametrize("block", range(8))
def test_noise_harms_nobody(service: Instance, block: int) -> None:
    pids = service.record["worker_pids"]
    for seed in range(block * 100, block * 100 + 100):
        answer = told(service, noise(seed), pieces=seed % 3 + 1)

        lines = [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        assert answer == b"" or answer.startswith(b"HTTP/1.1 "), seed
        assert [line for line in lines if line[9:10] == b"5"] == [], seed

    assert service.score({"still": "here"}).json == '{"still": "here"}'
    assert service.record["worker_pids"] == pids
    assert "Traceback" not in service.log


def test_slow_clients_keep_nobody_waiting(service: Instance) -> None:
    head = b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: 90000\r\n\r\n"
    port = service.record["port"]
    lines = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(50)]
    for number, line in enumerate(lines):
        line.sendall(head[: number % len(head)] if number % 2 else head + b"x" * number)
    before = time.monotonic()

    answers = [service.score(n).json for n in range(50)]

    assert [json.dumps(n) for n in range(50)] == answers
    assert time.monotonic() - before < 5
    ends = [line.recv(65536) for line in lines]
    assert {end[9:12] for end in ends if end} <= {b"408"}
    for line in lines:
        line.close()


def test_three_hung_runs_among_hundreds_are_three_504s(tmp_path: Path) -> None:
    limits = {"timeout": 0.5, "queue": 1000, "connections": 1000}
    with serving(tmp_path, ACTS, serving=limits) as one, ThreadPoolExecutor(16) as threads:
        acts = [{"stubborn": True} if n in (50, 150, 250) else {"n": n} for n in range(300)]
        answers = list(threads.map(one.score, acts))

        hung = [n for n, answer in enumerate(answers) if answer.status != 200]
        assert hung == [50, 150, 250]
        assert {answers[n].status for n in hung} == {504}
        assert one.record["restarts"] == 3


def test_memory_is_flat(tmp_path: Path) -> None:
    for row in rows(tmp_path, small=True):
        assert row.ratio <= row.bar, row

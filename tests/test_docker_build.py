"""What an engine is sent for a build: the folder, and no password that this machine keeps."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import Wire
from mlops.errors import TargetError


class Door(BaseHTTPRequestHandler):
    """An engine that takes builds, and fails those of `broken`."""

    protocol_version = "HTTP/1.1"
    seen: list[str] = []  # noqa: RUF012  one server a test

    def do_GET(self) -> None:
        self._answer(b'{"ApiVersion": "1.41"}')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(f"{self.path} {dict(self.headers)} {body!r}")
        said = {"error": "it is broken"} if body == b"broken" else {"stream": "done"}
        self._answer(json.dumps(said).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it is called
        pass


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    pytest.importorskip("docker")
    auth = base64.b64encode(b"ci:hunter2").decode()
    told = {"auths": {"registry.example": {"auth": auth}}}
    (tmp_path / "config.json").write_text(json.dumps(told))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    Door.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Engine(wire=Wire(host=f"tcp://127.0.0.1:{server.server_port}"))
    finally:
        server.shutdown()
        server.server_close()


def test_a_build_brings_no_password_of_a_registry(engine: Engine) -> None:
    said = list(engine.images.built(b"a tar", "base:1", {"one": "two"}))

    (call,) = Door.seen
    assert [{"stream": "done"}] == said
    assert "/v1.41/build?t=base%3A1" in call
    assert "forcerm=True" in call
    assert "b'a tar'" in call
    assert "X-Registry" not in call


def test_a_build_that_fails_says_why(engine: Engine) -> None:
    with pytest.raises(TargetError, match="it is broken"):
        list(engine.images.built(b"broken", "base:1", {}))

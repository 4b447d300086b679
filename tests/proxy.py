"""A door before an HTTP server that fails by a script, as a busy or broken cloud does."""

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from unkind import Fault

Rule: TypeAlias = Callable[[str, str], Fault | None]
"""Method and path of a request -> how it fails; None if it does not."""

DROPPED = {"connection", "keep-alive", "transfer-encoding", "date", "server"}
"""Headers of an answer that are about the connection, or that the door writes itself."""


class Door(ThreadingHTTPServer):
    """Passes requests on to `port`, unless `rule` says otherwise."""

    daemon_threads = True

    def __init__(self, port: int, rule: Rule) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.port, self.rule = port, rule

    def forward(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Return what the server behind the door answers."""
        inner = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            inner.request(method, path, body, headers)
            answer = inner.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            inner.close()


class Passing(BaseHTTPRequestHandler):
    """One connection through the door."""

    protocol_version = "HTTP/1.1"
    server: Door

    def answer(self) -> None:
        self.pass_on()

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.rule(self.command, self.path)
        if fault is Fault.BUSY or fault is Fault.BROKEN:
            self.reply(int(fault.value[:3]), {}, b"")
            return
        status, headers, data = self.server.forward(
            self.command, self.path, dict(self.headers), body
        )
        if fault is None:
            self.reply(status, headers, data)
        self.close_connection = fault is not None

    def reply(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        known = {name.lower(): value for name, value in headers.items()}
        self.send_response(status)
        for name in known.keys() - DROPPED - {"content-length"}:
            self.send_header(name, known[name])
        # the length of what a HEAD asks about is not that of its answer
        length = known.get("content-length", "0") if self.command == "HEAD" else len(data)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        """Say nothing."""

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do_PATCH = answer  # noqa: N815  as above


@contextmanager
def proxy(port: int, rule: Rule, passing: type[Passing] = Passing) -> Iterator[int]:
    """Open a door before a port of this machine; yield the port to ask instead.

    What is `LOST` or `LATE` is done, and the connection breaks without an answer.
    """
    with Door(port, rule) as door:
        door.RequestHandlerClass = passing
        thread = threading.Thread(target=door.serve_forever, daemon=True)
        thread.start()
        try:
            yield door.server_port
        finally:
            door.shutdown()
            thread.join()

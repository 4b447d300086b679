"""Connections to an engine that a command makes, as `ssh` does: its input and output are the wire.

The SDK's own way by `ssh` would ask at the terminal, wait for ever, and start one for each call.
"""

import errno
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from threading import Semaphore, Thread
from typing import Any, TypeVar

from docker.transport.basehttpadapter import BaseHTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

Answer = TypeVar("Answer")

AT_ONCE = 3
"""Connections that are being made at once: an sshd refuses some where more than 10 log in."""

GREETING = 30
"""Seconds from the start of a command to the first word of the engine."""

PING = b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"

ENDING = 3
"""Seconds that a command may take to end, and so to have said why, once the wire is cut."""

LAST = 4096
"""Bytes of what a command said that are looked at."""


class Dialled(BaseHTTPAdapter):
    """Sends the requests of the SDK's client; keeps up to `most` connections for the next one."""

    def __init__(self, dial: Sequence[str], *, patience: int, most: int) -> None:
        super().__init__()
        self._pool = _Pool(dial, patience=patience, most=most)

    def get_connection(self, *_: Any) -> HTTPConnectionPool:
        """Return the connections to the engine, whatever is asked of it."""
        return self._pool

    def request_url(self, request: Any, proxies: Any) -> str:  # noqa: ARG002  the SDK's form
        """Return what is asked of the engine: no proxy is on the way."""
        return str(request.path_url)

    def close(self) -> None:
        """End the connections that wait for the next request."""
        super().close()
        self._pool.close()


class _Pool(HTTPConnectionPool):
    def __init__(self, dial: Sequence[str], *, patience: int, most: int) -> None:
        super().__init__("localhost", timeout=patience, maxsize=most)
        self._dial = dial
        self._patience = patience
        self._free = Semaphore(AT_ONCE)

    def _new_conn(self) -> "_Connection":
        return _Connection(self._dial, self._patience, self._free)


class _Connection(HTTPConnection):
    """A connection whose other end a command holds, which ends when it is closed."""

    def __init__(self, dial: Sequence[str], patience: int, free: Semaphore) -> None:
        super().__init__("localhost", timeout=patience)
        self._dial = dial
        self._patience = patience
        self._free = free

    def connect(self) -> None:
        with self._free:
            self.sock = self._connected()

    def _connected(self) -> socket.socket:
        """Return our end of a new wire, by which the engine answers."""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  read when the wire is cut
        ours, theirs = socket.socketpair()
        with theirs:
            command = self._begun(theirs.fileno())
        if command is None:
            ours.close()
            raise _cut(f"this machine has no program `{self._dial[0]}`")
        Thread(target=command.wait, daemon=True).start()  # else it stays as a zombie
        self._command = command
        patience = min(GREETING, self._patience)
        ours.settimeout(patience)
        try:
            self._told(lambda: _greet(ours))
        except OSError as error:
            ours.close()
            command.kill()
            late = isinstance(error, TimeoutError)
            raise (_cut(f"no word of it after {patience} s") if late else error) from None
        ours.settimeout(self._patience)
        return ours

    def _begun(self, wire: int) -> subprocess.Popen[bytes] | None:
        """Start the command at its end of the wire; None where there is no such program."""
        try:
            return subprocess.Popen(
                self._dial,
                stdin=wire,
                stdout=wire,
                stderr=self._said,
                start_new_session=True,  # else Ctrl-C would cut the wire amid a call
            )
        except OSError:
            return None

    def getresponse(self) -> Any:
        return self._told(super().getresponse)

    def _told(self, hear: Callable[[], Answer]) -> Answer:
        """Return what is heard; where the wire is cut, raise an error with what was said."""
        try:
            return hear()
        except TimeoutError:
            raise
        except (OSError, HTTPException) as error:
            because = self._last() or str(error)
        raise _cut(because)

    def _last(self) -> str:
        """Return the last line that the command said."""
        with suppress(subprocess.TimeoutExpired):
            self._command.wait(ENDING)
        self._said.seek(max(0, self._said.seek(0, 2) - LAST))
        lines = self._said.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _greet(wire: socket.socket) -> None:
    """Ask the engine whether it is there, before a call of which nobody knows whether it came."""
    wire.sendall(PING)
    answer = HTTPResponse(wire)
    answer.begin()
    answer.read()


def _cut(because: str) -> ConnectionRefusedError:
    return ConnectionRefusedError(errno.ECONNREFUSED, because)

"""Connections to an engine that a command makes, as `ssh` does: its input and output are the wire.

The SDK's own way by `ssh` would ask at the terminal, wait for ever, and start one for each call.
"""

import errno
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException
from threading import Thread
from typing import Any

from docker.transport.basehttpadapter import BaseHTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

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

    def _new_conn(self) -> "_Connection":
        return _Connection(self._dial, self._patience)


class _Connection(HTTPConnection):
    """A connection whose other end a command holds, which ends when it is closed."""

    def __init__(self, dial: Sequence[str], patience: int) -> None:
        super().__init__("localhost", timeout=patience)
        self._dial = dial
        self._patience = patience

    def connect(self) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  read when the wire is cut
        ours, theirs = socket.socketpair()
        with theirs:
            command = self._begun(theirs.fileno())
        if command is None:
            ours.close()
            because = f"this machine has no program `{self._dial[0]}`"
            raise ConnectionRefusedError(errno.ECONNREFUSED, because)
        Thread(target=command.wait, daemon=True).start()  # else it stays as a zombie
        ours.settimeout(self._patience)
        self._command, self.sock = command, ours

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
        try:
            return super().getresponse()
        except TimeoutError:
            raise
        except (OSError, HTTPException) as error:
            because = self._last() or str(error)
        raise ConnectionRefusedError(errno.ECONNREFUSED, because)

    def _last(self) -> str:
        """Return the last line that the command said."""
        with suppress(subprocess.TimeoutExpired):
            self._command.wait(ENDING)
        self._said.seek(max(0, self._said.seek(0, 2) - LAST))
        lines = self._said.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

"""`engine_killed.py` for whom an engine and a registry are asked: their calls count as writes.

A call counts twice: before it is sent, and when it was sent and nobody waits for the answer.
"""

from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import engine_killed

READING = ("GET", "HEAD")


def calls(count: Callable[[str], None]) -> None:
    """Count each call that changes something at another machine."""
    send: Any = HTTPConnection.putrequest
    hear: Any = HTTPConnection.getresponse

    def sent(self: Any, method: str, url: str, *words: Any, **named: Any) -> Any:
        self.told = "" if method in READING else f"{method} {url}"
        if self.told:
            count(f"send {self.told}")
        return send(self, method, url, *words, **named)

    def heard(self: Any, *words: Any, **named: Any) -> Any:
        if self.told:
            count(f"sent {self.told}")
        return hear(self, *words, **named)

    patched: Any = HTTPConnection
    patched.putrequest, patched.getresponse = sent, heard


if __name__ == "__main__":
    engine_killed.main(calls)

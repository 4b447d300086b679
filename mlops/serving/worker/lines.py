"""What the script prints -> one JSON object a line, with the request that it was printed for.

Only where the log is JSON; else what is printed goes out as it is. Tracebacks stay whole.
"""

import datetime as dt
import io
import json
import sys
import threading
from typing import Any, Dict, List

from . import wire

TRACE = "Traceback (most recent call last):"


class Local(threading.local):
    """Stands in for a context variable where there is none (Python 3.6)."""

    value = ""

    def get(self) -> str:
        """Return the value of this thread."""
        return self.value

    def set(self, value: str) -> None:
        """Set the value of this thread."""
        self.value = value


def variable() -> Any:
    """Make a variable that every thread and every task has for itself."""
    try:
        from contextvars import ContextVar  # noqa: PLC0415 - Python 3.6 has none
    except ImportError:
        return Local()
    return ContextVar("request", default="")


REQUEST: Any = variable()


def name(frame: wire.Frame) -> None:
    """Say for which request is printed from now on, in this thread or task."""
    REQUEST.set(str(json.loads(frame[3].decode()).get("id", "")) if frame[3] else "")


class Lines(io.TextIOBase):
    """A stream that writes JSON lines into another one."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, under: Any, name: str) -> None:
        super().__init__()
        self._under = under
        self._name = name
        self._parts = Parts()

    @property
    def buffer(self) -> Any:
        """Return the stream of bytes, for who writes bytes."""
        return self._under.buffer

    def fileno(self) -> int:
        """Return the descriptor, for who needs one (faulthandler, children)."""
        return int(self._under.fileno())

    def writable(self) -> bool:
        """Say that this may be written to."""
        return True

    def write(self, text: str) -> int:
        """Take text; what ends in a line break goes out as one object."""
        parts = self._parts.found
        parts.append(text)
        if text.endswith("\n"):
            whole = "".join(parts).rstrip("\n")
            parts.clear()
            if whole:
                self._under.write(json.dumps(told(whole, self._name)) + "\n")
                self._under.flush()
        return len(text)

    def flush(self) -> None:
        """Send on what is whole; half a line waits for its end."""
        self._under.flush()


class Parts(threading.local):
    """What one thread has written of a line."""

    def __init__(self) -> None:
        self.found: List[str] = []


def told(text: str, stream: str) -> Dict[str, Any]:
    """Describe what was printed."""
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    line = {"time": now[:-3] + "Z", "level": "INFO", "message": text, "stream": stream}
    if TRACE in text:
        message = text.rpartition("\n")[2]
        line.update(level="ERROR", message=message, traceback=text)
    request = REQUEST.get()
    if request:
        line["request_id"] = request
    return line


def install() -> None:
    """Put JSON lines in the place of the standard streams."""
    sys.stdout = Lines(sys.stdout, "stdout")
    sys.stderr = Lines(sys.stderr, "stderr")

"""A store that fails by a script: too busy, broken, lost on the way back, or late."""

import threading
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import TypeAlias, TypeVar

from mlops.errors import Problem
from mlops.store.objects import Objects, UnavailableError

Result = TypeVar("Result")


class Fault(Enum):
    """How a call goes wrong. The value is what its error says."""

    BUSY = "429 Too Many Requests"
    BROKEN = "500 Internal Server Error"
    LOST = "timed out after it was done"
    LATE = "timed out before it was done"


Script: TypeAlias = Callable[[int, str, str], Fault | None]
"""Number of the call from 0, method, path -> how it fails; None if it does not."""


def once(number: int, fault: Fault) -> Script:
    """Return the script by which one call fails."""
    return lambda call, _method, _path: fault if call == number else None


class Unkind(Objects):
    """Another store's objects, behind a connection that fails by a script.

    `calls` keeps what was asked. A write that is `LATE` is done `delay` seconds after its error;
    `settle` waits for all of them.
    """

    def __init__(self, inner: Objects, script: Script, delay: float = 0.05) -> None:
        super().__init__(inner.location, inner.root, lambda: None)
        self.calls: list[tuple[str, str]] = []
        self._inner = inner
        self._script = script
        self._delay = delay
        self._timers: list[threading.Timer] = []
        self._lock = threading.Lock()

    def settle(self) -> None:
        """Wait until every late write is done."""
        for timer in self._timers:
            timer.join()

    def create(self, path: str, data: bytes) -> bool:
        return self._write("create", path, lambda: self._inner.create(path, data))

    def overwrite(self, path: str, data: bytes) -> None:
        self._write("overwrite", path, lambda: self._inner.overwrite(path, data))

    def upload(self, path: str, chunks: Iterable[bytes]) -> None:
        whole = tuple(chunks)
        self._write("upload", path, lambda: self._inner.upload(path, whole))

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._write("delete", path, lambda one=path: self._inner.delete([one]))  # type: ignore[misc]

    def read(self, path: str) -> bytes | None:
        return self._look("read", path, lambda: self._inner.read(path))

    def chunks(self, path: str) -> Iterator[bytes] | None:
        return self._look("chunks", path, lambda: self._inner.chunks(path))

    def size(self, path: str) -> int | None:
        return self._look("size", path, lambda: self._inner.size(path))

    def modified(self, path: str) -> float | None:
        return self._look("modified", path, lambda: self._inner.modified(path))

    def list(self, prefix: str) -> tuple[str, ...]:
        return self._look("list", prefix, lambda: self._inner.list(prefix))

    def _look(self, method: str, path: str, act: Callable[[], Result]) -> Result:
        fault = self._next(method, path)
        if fault is None:
            return act()
        raise self._error(fault, method, path)

    def _write(self, method: str, path: str, act: Callable[[], Result]) -> Result:
        fault = self._next(method, path)
        if fault is Fault.LATE:
            timer = threading.Timer(self._delay, act)
            timer.start()
            self._timers.append(timer)
        elif fault is None or fault is Fault.LOST:
            result = act()
            if fault is None:
                return result
        raise self._error(fault, method, path)

    def _next(self, method: str, path: str) -> Fault | None:
        with self._lock:
            number = len(self.calls)
            self.calls.append((method, path))
        return self._script(number, method, path)

    def _error(self, fault: Fault, method: str, path: str) -> UnavailableError:
        summary = f"the store `{self.location}` can't {method} `{path}`: {fault.value}"
        return UnavailableError(Problem(summary=summary))

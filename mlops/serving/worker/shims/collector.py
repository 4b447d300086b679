"""`Collector` of v1's successor (`azureml.ai.monitoring`), writing where this service collects."""

import datetime as dt
import time
import uuid
from typing import Any, Callable, Dict, Optional

from ..collecting import NO_REQUEST
from ..collection import current
from ..sink import COLUMNS, Table
from .monitoring import OFF, say, tabulated

__all__ = ["BasicCorrelationContext", "Collector", "CorrelationContext"]


class CorrelationContext:
    """Ties rows of several collectors together."""

    def get_id(self) -> str:
        """Return the id."""
        return ""

    def __str__(self) -> str:
        return self.get_id()


class BasicCorrelationContext(CorrelationContext):
    """An id with the time it was made."""

    def __init__(
        self,
        id: Optional[str] = None,  # noqa: A002 - the package's signature
        timestamp: Optional[int] = None,
        headers: Optional[Dict[str, str]] = None,
    ) -> None:
        self.id = id or str(uuid.uuid4())
        self.timestamp = timestamp or int(time.time())
        self.headers = headers or {}

    def get_id(self) -> str:
        """Return the id."""
        return self.id

    def get_timestamp(self) -> int:
        """Return when it was made, in seconds."""
        return self.timestamp

    def get_headers(self) -> Dict[str, str]:
        """Return the headers that were given."""
        return self.headers


class Collector:
    """Collects data frames under one name. Where nothing is collected, it says so once."""

    def __init__(self, *, name: str, on_error: Optional[Callable[[Exception], Any]] = None) -> None:
        self.name = name
        self._on_error = on_error
        self._source = current()
        if self._source is None:
            say(OFF)
        else:
            self._source.taken = True

    def collect(
        self, data: Any, correlation_context: Optional[CorrelationContext] = None
    ) -> CorrelationContext:
        """Keep the rows of a frame; return what ties other rows to them."""
        context = correlation_context or BasicCorrelationContext()
        source = self._source
        if source is None:
            return context
        if not hasattr(data, "columns"):
            error = TypeError(f"data type ({type(data).__name__}) not supported")
            if self._on_error is None:
                raise error
            self._on_error(error)
            return context
        header, rows = tabulated(data)
        marks = source.marks(context.get_id(), source.model, source.version, NO_REQUEST)
        place = source.place(source.model, source.version, self.name)
        now = dt.datetime.now(dt.timezone.utc)
        marked = [[*row, *marks.values()] for row in rows]
        table = Table(place, [*header, *COLUMNS], marked, now)
        source.sink.put(lambda: [table], sum(map(len, marked)) * 16)
        return context

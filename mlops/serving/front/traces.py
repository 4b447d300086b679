"""Which variables ask for traces, and the record of every request that becomes a span.

Reads the standard variables of OpenTelemetry, Azure Monitor's and v1's. Exports nothing: the
process beside does.
"""

import importlib.util
import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ..worker import wire
from . import identity
from .request import Request
from .routes import label
from .side import Side

PARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)
QUIET = {"/livez", "/readyz", "/metrics"}
"""Asked every few seconds by machines; their spans would tell nothing."""
NEEDS = {
    "otlp": "opentelemetry.exporter.otlp.proto.http",
    "azure": "azure.monitor.opentelemetry.exporter",
}
ON = {"true", "1", "yes", "on"}


def wanted(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return where the variables want traces to go."""
    if variables.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ()
    found = []
    ends = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    if any(variables.get(name) for name in ends) and chosen(variables):
        found.append("otlp")
    if connection(variables):
        found.append("azure")
    return tuple(found)


def chosen(variables: Mapping[str, str]) -> bool:
    """Say whether OTLP is among the exporters, where they are named."""
    named = variables.get("OTEL_TRACES_EXPORTER") or "otlp"
    return "otlp" in [name.strip() for name in named.split(",")]


def connection(variables: Mapping[str, str]) -> str:
    """Return Azure Monitor's connection string: given, or made of v1's switch and key."""
    given = variables.get("APPLICATIONINSIGHTS_CONNECTION_STRING", "")
    key = variables.get("AML_APP_INSIGHTS_KEY", "")
    if given or variables.get("AML_APP_INSIGHTS_ENABLED", "").lower() not in ON:
        return given
    return f"InstrumentationKey={key}" if key else ""


def missing(places: Iterable[str]) -> list[str]:
    """Return the places whose packages this installation lacks."""
    return [place for place in places if not there(NEEDS[place])]


def there(name: str) -> bool:
    """Say whether a module could be imported."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


class Traces:
    """Gives every request its place in a trace, and hands its record on when it is answered."""

    def __init__(self, side: Side, *, secure: bool) -> None:
        self._side = side
        self._scheme = "https" if secure else "http"

    def begin(self, request: Request) -> None:
        """Tell the script, and a client that named no trace, what this request's span is."""
        given = request.known.get(b"traceparent")
        parent = PARENT.fullmatch(given or b"")
        above = parent[1] if parent else os.urandom(16).hex().encode()
        span = os.urandom(8).hex().encode()
        flags = parent[2] if parent else b"01"
        ours = b"00-%b-%b-%b" % (above, span, flags)
        request.span = (above.decode(), span.decode())
        kept = [pair for pair in request.headers if pair[0] != b"traceparent"]
        request.headers = [*kept, (b"traceparent", ours)]
        request.known.setdefault(b"traceparent", ours)
        request.parent = given if parent else None

    def finish(self, request: Request, status: int, seconds: float) -> None:
        """Hand the record of an answered request on."""
        if not request.span[0] or request.path in QUIET:
            return
        known, end = request.known, time.time_ns()
        record: dict[str, Any] = {
            "trace": request.span[0],
            "span": request.span[1],
            "above": above(request),
            "method": request.method,
            "route": label(request.path),
            "path": request.path,
            "scheme": self._scheme,
            "status": status,
            "id": request.name().decode("latin-1"),
            "client": known.get(identity.CLIENT, b"").decode("latin-1"),
            "start": end - int(seconds * 1e9),
            "end": end,
        }
        self._side.put(wire.pack(0, wire.SPAN, meta=json.dumps(record).encode()))


def above(request: Request) -> dict[str, str]:
    """Return the headers that name the span above; none if this one is the first."""
    if request.parent is None:
        return {}
    state = request.known.get(b"tracestate", b"")
    return {"traceparent": request.parent.decode(), "tracestate": state.decode("latin-1")}

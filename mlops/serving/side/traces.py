"""Records of requests -> spans, exported by OTLP over HTTP and to Azure Monitor.

The ids are the front's: it has told them to the client and to the script already.
"""

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .. import VERSION
from ..worker import wire

log = logging.getLogger("mlops_serving")

QUEUE = 16384
"""Spans that wait to be exported, unless OTEL_BSP_MAX_QUEUE_SIZE says otherwise."""


class Given(IdGenerator):
    """Hands out the ids of the record at hand."""

    def __init__(self) -> None:
        self.trace = 0
        self.span = 0

    def generate_trace_id(self) -> int:
        """Return the id of the trace."""
        return self.trace

    def generate_span_id(self) -> int:
        """Return the id of the span."""
        return self.span


def export(plan: Mapping[str, Any], frames: Iterator[wire.Frame]) -> None:
    """Export a span for every record until there are no more."""
    ids = Given()
    provider = TracerProvider(resource=resource(plan), id_generator=ids)
    for exporter in exporters(plan["to"], plan["connection"]):
        size = None if "OTEL_BSP_MAX_QUEUE_SIZE" in os.environ else QUEUE
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=size))
    tracer = provider.get_tracer("mlops", VERSION)
    for frame in frames:
        write(tracer, ids, json.loads(frame[3]), plan["models"])
    provider.shutdown()


def resource(plan: Mapping[str, Any]) -> Resource:
    """Say whose spans they are; the standard variables win."""
    named = "OTEL_SERVICE_NAME" in os.environ
    named |= "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {} if named else {"service.name": plan["service"]}
    return Resource.create({**own, "service.instance.id": plan["instance"]})


def exporters(wanted: Iterable[str], connection: str) -> Iterator[SpanExporter]:
    """Make the exporters that the variables ask for."""
    if "otlp" in wanted:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        yield OTLPSpanExporter()
    if "azure" in wanted:
        # Nothing about this machine is told to anybody else than the user's own workspace.
        os.environ.setdefault("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "true")
        from azure.monitor.opentelemetry.exporter import (  # noqa: PLC0415
            AzureMonitorTraceExporter,
        )

        yield AzureMonitorTraceExporter(connection_string=connection, disable_offline_storage=True)


def write(
    tracer: trace.Tracer, ids: Given, record: Mapping[str, Any], models: Iterable[str]
) -> None:
    """Make one span."""
    ids.trace, ids.span = int(record["trace"], 16), int(record["span"], 16)
    above = TraceContextTextMapPropagator().extract(record["above"])
    attributes = {
        "http.request.method": record["method"],
        "http.route": record["route"],
        "http.response.status_code": record["status"],
        "url.path": record["path"],
        "url.scheme": record["scheme"],
        "mlops.request_id": record["id"],
        "mlops.models": list(models),
    }
    if record["client"]:
        attributes["mlops.client_request_id"] = record["client"]
    span = tracer.start_span(
        f"{record['method']} {record['route']}",
        context=above,
        kind=trace.SpanKind.SERVER,
        attributes=attributes,
        start_time=record["start"],
    )
    if record["status"] >= 500:
        span.set_status(trace.StatusCode.ERROR)
        span.set_attribute("error.type", str(record["status"]))
    span.end(record["end"])

"""Spans of requests: to an OTLP collector, to Azure Monitor, and to nobody unless asked."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from receivers import Receiver, accepted, receiving
from serving_environments import environment
from serving_instance import ECHO, Instance, serving, until
from test_serving_swap import rewrite, swapped

from mlops.serving.front.traces import connection, wanted

KEY = "12345678-1234-1234-1234-123456789abc"
OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}
ABOVE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SCRIPT = """
    def init():
        pass
    def run(data, request_headers):
        if data == '"die"':
            raise ValueError(data)
        return request_headers.get("Traceparent")
"""


def spans(receiver: Receiver) -> list[dict[str, Any]]:
    trace = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    found = []
    for path, headers, body in list(receiver.got):
        assert (path, headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
        for resource in trace.ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                attributes = {one.key: plain(one.value) for one in span.attributes}
                found.append({"span": span, "resource": about, **attributes})
    return found


def plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return getattr(value, kind)


@pytest.fixture(scope="module")
def collector() -> Iterator[Receiver]:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs mlops[telemetry]")
    with receiving(lambda _body: b"") as receiver:
        yield receiver


@pytest.fixture
def service(collector: Receiver, tmp_path: Path) -> Iterator[Instance]:
    collector.got.clear()
    (tmp_path / "blob").write_text("bytes")
    files = [{"path": "m.pkl", "blob": str(tmp_path / "blob")}]
    models = [{"name": "best", "version": 7, "files": files}]
    with serving(tmp_path / "i", SCRIPT, environment_variables=to(collector), models=models) as one:
        yield one


def to(receiver: Receiver) -> dict[str, str]:
    """What a user sets, with a short pause between two exports."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.port}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }


def arrived(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = until(
        lambda: spans(receiver) if len(spans(receiver)) >= count else None
    )
    return found


def test_the_time_that_a_request_took_is_finer_than_a_millisecond(
    collector: Receiver, service: Instance
) -> None:
    for _ in range(8):
        service.score(1)

    took = [
        one["span"].end_time_unix_nano - one["span"].start_time_unix_nano
        for one in arrived(collector, 8)
    ]

    assert any(20_000 < nanoseconds % 1_000_000 < 980_000 for nanoseconds in took)


def test_every_request_leaves_a_span(collector: Receiver, service: Instance) -> None:
    service.score(1, {"x-request-id": "mine", "x-ms-client-request-id": "theirs"})
    service.ask("GET", "/livez")
    service.ask("GET", "/nowhere")

    scored, lost = arrived(collector, 2)

    assert "POST /score" == scored["span"].name
    assert 0 < scored["span"].end_time_unix_nano - scored["span"].start_time_unix_nano < 5e9
    assert {
        "http.request.method": "POST",
        "http.route": "/score",
        "http.response.status_code": 200,
        "url.path": "/score",
        "url.scheme": "http",
        "mlops.request_id": "mine",
        "mlops.client_request_id": "theirs",
        "mlops.models": ["best:7"],
    } == {key: value for key, value in scored.items() if key not in {"span", "resource"}}
    assert "sums" == scored["resource"]["service.name"]
    assert 404 == lost["http.response.status_code"]


def test_a_failure_is_an_error(collector: Receiver, service: Instance) -> None:
    service.score("die")

    (span,) = arrived(collector, 1)

    assert (500, 2) == (span["http.response.status_code"], span["span"].status.code)


def test_a_span_hangs_below_the_clients(collector: Receiver, service: Instance) -> None:
    answer = service.score(1, {"traceparent": ABOVE, "tracestate": "a=b"})

    span = arrived(collector, 1)[0]["span"]

    assert ABOVE == answer.headers["traceparent"]
    assert ABOVE.split("-")[1:3] == [span.trace_id.hex(), span.parent_span_id.hex()]
    assert f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01" == answer.json
    assert "a=b" == span.trace_state


@pytest.mark.parametrize("given", ["", "00-zz", f"00-{'0' * 32}-{'1' * 16}-01"])
def test_a_request_without_a_trace_begins_one(
    collector: Receiver, service: Instance, given: str
) -> None:
    answer = service.score(1, {"traceparent": given} if given else {})

    span = arrived(collector, 1)[0]["span"]

    assert f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01" == answer.json
    assert (given or answer.json) == answer.headers["traceparent"]
    assert b"" == span.parent_span_id


def test_a_trace_that_is_not_sampled_above_is_not_exported(
    collector: Receiver, service: Instance
) -> None:
    service.score(1, {"traceparent": ABOVE[:-1] + "0", "x-request-id": "unwanted"})
    service.score(1, {"x-request-id": "wanted"})

    assert ["wanted"] == [span["mlops.request_id"] for span in arrived(collector, 1)]


def test_what_was_taken_is_exported_before_the_end(collector: Receiver, service: Instance) -> None:
    for _ in range(50):
        service.score(1)

    assert service.stop() == 0
    assert len(spans(collector)) == 50


def test_a_collector_that_does_not_answer_stops_nobody(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs mlops[telemetry]")
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with serving(tmp_path, ECHO, environment_variables=variables) as service:
        assert [200] * 20 == [service.score(1).status for _ in range(20)]
        assert service.stop() == 0


def test_the_process_beside_may_die(service: Instance) -> None:
    for side in sides(service):
        side.send_signal(signal.SIGKILL)

    assert 200 == service.score(1).status
    assert until(lambda: "another one is started" in service.log)


def test_traces_may_be_switched_on_and_off_by_a_swap(collector: Receiver, tmp_path: Path) -> None:
    collector.got.clear()
    with serving(tmp_path, ECHO) as service:
        swapped(service, rewrite(service, environment_variables=to(collector)))
        until(lambda: "traces are exported (otlp)" in service.log)
        service.score(1)
        arrived(collector, 1)
        swapped(service, rewrite(service, environment_variables={}))
        until(lambda: not sides(service))

        assert "traceparent" not in service.score(1).headers


def sides(service: Instance) -> list[Any]:
    found = []
    for child in psutil.Process(service.process.pid).children():
        with suppress(psutil.ZombieProcess):
            found += [child] if any("serving/side" in word for word in child.cmdline()) else []
    return found


@pytest.mark.parametrize(
    "variables",
    [
        {"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey={};IngestionEndpoint={}"},
        {
            "AML_APP_INSIGHTS_ENABLED": "true",
            "AML_APP_INSIGHTS_KEY": "{};IngestionEndpoint={}",
        },
    ],
)
def test_azure_monitor_gets_requests(tmp_path: Path, variables: dict[str, str]) -> None:
    pytest.importorskip("azure.monitor.opentelemetry.exporter", reason="needs mlops[telemetry]")
    with receiving(accepted) as receiver:
        address = f"http://127.0.0.1:{receiver.port}"
        filled = {name: value.format(KEY, address) for name, value in variables.items()}
        filled["OTEL_BSP_SCHEDULE_DELAY"] = "50"
        with serving(tmp_path, ECHO, environment_variables=filled) as service:
            service.score(1, {"x-request-id": "mine"})
            until(lambda: receiver.got, 30)

    path, _, body = receiver.got[0]
    (item,) = [one for one in json.loads(body) if one["data"]["baseType"] == "RequestData"]
    told = item["data"]["baseData"]
    assert "/v2.1/track" == path
    assert KEY == item["iKey"]
    assert ("POST /score", "200", True) == (told["name"], told["responseCode"], told["success"])
    assert "mine" == told["properties"]["mlops.request_id"]


def test_by_default_there_is_no_process_beside(tmp_path: Path) -> None:
    with serving(tmp_path, ECHO) as service:
        assert [] == sides(service)
        assert "traceparent" not in service.score(1).headers


@pytest.mark.parametrize(
    ("variables", "places"),
    [
        ({}, ()),
        (OTLP, ("otlp",)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, ("otlp",)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, ()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, ()),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "console,otlp"},
            ("otlp",),
        ),
        ({"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=k"}, ("azure",)),
        ({"AML_APP_INSIGHTS_ENABLED": "true", "AML_APP_INSIGHTS_KEY": "k"}, ("azure",)),
        ({"AML_APP_INSIGHTS_ENABLED": "false", "AML_APP_INSIGHTS_KEY": "k"}, ()),
        ({"AML_APP_INSIGHTS_ENABLED": "true"}, ()),
    ],
)
def test_the_variables_say_where_traces_go(
    variables: dict[str, str], places: tuple[str, ...]
) -> None:
    assert places == wanted(variables)


def test_v1s_key_makes_a_connection_string() -> None:
    variables = {"AML_APP_INSIGHTS_ENABLED": "True", "AML_APP_INSIGHTS_KEY": KEY}

    assert f"InstrumentationKey={KEY}" == connection(variables)


def test_without_the_packages_the_log_says_what_to_install(tmp_path: Path) -> None:
    python = environment("httptools", "uvloop", warm="import httptools, uvloop")
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with serving(tmp_path, ECHO, front=python, environment_variables=variables) as service:
        assert re.search(
            r"WARNING traces to otlp .*pip install 'mlops-apply\[telemetry\]'", service.log
        )
        assert 200 == service.score(1).status

"""What the tests of v1's own server ask, as scripts and requests that any server can be given."""

import json
from typing import Any, NamedTuple

from serving_contract import FORM, JSON

ACTS = """
    import json, sys, time
    import numpy as np
    from azureml_inference_server_http.api.aml_response import AMLResponse

    ANSWERS = {
        "none": lambda: None,
        "empty": lambda: AMLResponse(None, 333),
        "text": lambda: AMLResponse("test", 444),
        "json": lambda: AMLResponse("test", 555, json_str=True),
        "failed": lambda: AMLResponse(None, 555),
        "said": lambda: AMLResponse("", 200, run_function_failed=True),
        "bytes": lambda: AMLResponse(bytes([0, 255]), 200, {"content-type": "image/png"}),
        "headers": lambda: AMLResponse(
            None, 555, {"a": "A", "b": "A, B, C", "x-ms-run-function-failed": "Z"},
            run_function_failed=True,
        ),
        "array": lambda: np.array([1.5]),
        "scalar": lambda: np.float64(1.5),
        "nan": lambda: [float("nan")],
        "set": lambda: {1},
        "object": lambda: object(),
        "keys": lambda: {1: "a", None: "b", True: "c"},
        "tuple": lambda: (1, [2]),
        "raise": lambda: 1 / 0,
        "exit": lambda: sys.exit(4),
        "timeout": lambda: time.sleep(5),
    }

    def init():
        pass

    def run(data, color="red"):
        if data == "color":
            return color
        if data == "overwrite":
            made = AMLResponse("", 200)
            made.headers["x-request-id"] = "cannot-be-overwritten"
            return made
        return ANSWERS[data]() if data in ANSWERS else data
"""
HEADERS = """
    import json

    def init():
        pass

    def run(data, request_headers):
        return [type(request_headers).__name__, request_headers.get(json.loads(data))]
"""
RAW = """
    from azureml_inference_server_http.api.aml_request import rawhttp
    from azureml_inference_server_http.api.aml_response import AMLResponse

    def init():
        pass

    def form(request):
        return [dict(request.form), sorted(request.files), request.files["f"].read().decode()]

    ASKED = {
        "line": lambda request: [request.method, request.path, request.query_string.decode()],
        "args": lambda request: [request.args.to_dict(), request.args.getlist("a")],
        "data": lambda request: [request.data.decode(), request.get_data(as_text=True)],
        "json": lambda request: AMLResponse(request.json, 200),
        "get_json": lambda request: request.get_json(silent=True),
        "form": form,
        "fields": lambda request: request.form.to_dict(flat=False),
        "values": lambda request: request.values.to_dict(),
        "cookies": lambda request: dict(request.cookies),
        "headers": lambda request: [request.headers["x-mine"], request.headers.get("X-None")],
        "kind": lambda request: [request.content_type, request.mimetype, request.is_json],
        "url": lambda request: [request.full_path, request.script_root, request.scheme],
    }

    @rawhttp
    def run(request, color="red"):
        return ASKED.get(request.headers.get("x-ask"), lambda _: [request.method, color])(request)
"""
SCHEMA = """
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.standard_py_parameter_type import (
        StandardPythonParameterType as Standard,
    )

    def init():
        pass

    @input_schema("num", Standard(1))
    @input_schema("name", Standard("x"), optional=True)
    @output_schema(Standard({"num": 1}))
    def run(num, name="none"):
        return {"num": num, "name": name}
"""
UPSTREAM = {"acts": ACTS, "headers": HEADERS, "raw": RAW, "schema": SCHEMA, "cors": ACTS}
VARIABLES = {
    "acts": {"SCORING_TIMEOUT_MS": "400"},
    "cors": {
        "AML_CORS_ORIGINS": "www.microsoft.com, http://*.example",
        "SERVER_VERSION_LOG_RESPONSE_ENABLED": "false",
        "SERVICE_NAME": "named",
        "SERVICE_VERSION": "7",
        "SERVICE_PATH_PREFIX": "/under/this",
        "AML_APP_INSIGHTS_ENABLED": "false",
    },
}
SERVING: dict[str, dict[str, Any]] = {"acts": {"timeout": 0.4}}


class Case(NamedTuple):
    id: str
    script: str
    method: str = "GET"
    path: str = "/score"
    body: bytes | None = None
    headers: dict[str, str] = {}  # noqa: RUF012  of a tuple, which nobody changes


LONG, MOST = "A" * 101, "A" * 100
OURS, OLD, CLIENT = "x-request-id", "x-ms-request-id", "x-ms-client-request-id"
TEXT = {"content-type": "text/plain"}
QUERY = "a=1&b=x&c=1.2&d=[1,+2]&e=null&f=%7B%22X%22%3A+%22Y%22%7D&g=&h=1&h=z&%C3%A9=%C3%A9"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "x-a"}


def act(name: str, **headers: str) -> Case:
    return Case(name, "acts", "POST", "/score", name.encode(), {**TEXT, **headers})


def ids(name: str, headers: dict[str, str]) -> list[Case]:
    return [
        Case(f"{name}, on GET", "acts", "GET", "/score", None, headers),
        Case(f"{name}, as run() fails", "acts", "POST", "/score", b"raise", {**TEXT, **headers}),
    ]


def asked(name: str, *more: Any, ask: str = "", **headers: str) -> Case:
    method, path, body = (*more, *("GET", "/score", None)[len(more) :])
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Case(f"raw: {name}", "raw", method, path, body, {"x-ask": ask or name, **named})


def posted(name: str, body: bytes, kind: str | None = "application/json") -> Case:
    headers = {} if kind is None else {"content-type": kind}
    return Case(f"schema: {name}", "schema", "POST", "/score", body, headers)


CASES = [
    *(
        Case(f"{method} {path}", "acts", method, path)
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
        for path in ("/", "/score", "/swagger.json", "/nowhere", "/score/")
    ),
    *ids("no id", {}),
    *ids("an id", {OURS: "mine"}),
    *ids("the longest id", {OURS: MOST}),
    *ids("an id too long", {OURS: LONG}),
    *ids("an old id", {OLD: "old"}),
    *ids("a client's id", {CLIENT: "client"}),
    *ids("both ids of a client", {OLD: "old", CLIENT: "client"}),
    *ids("the longest old id", {OLD: MOST}),
    *ids("an old id too long", {OLD: LONG}),
    *ids("a client's id too long", {CLIENT: LONG, OURS: "mine"}),
    *ids("an empty id", {OURS: "", OLD: "", CLIENT: ""}),
    *ids("a trace of Office", {"TraceId": "test-id"}),
    *ids("a trace of W3C", {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}),
    *(act(name) for name in ("none", "empty", "text", "json", "failed", "said", "bytes")),
    *(act(name) for name in ("headers", "array", "scalar", "nan", "set", "object", "keys")),
    *(act(name) for name in ("tuple", "raise", "exit", "timeout", "color", "overwrite")),
    Case("query", "acts", "GET", "/score?" + QUERY),
    Case("query with a key alone", "acts", "GET", "/score?a&=1&b==2&c=a;d"),
    Case("not UTF-8", "acts", "POST", "/score", b"\xff", TEXT),
    Case("a mark of UTF-8", "acts", "POST", "/score", b"\xef\xbb\xbf1", TEXT),
    Case("an empty body", "acts", "POST", "/score", b"", JSON),
    *(
        Case(f"content type {kind!r}", "acts", "POST", "/score", b'{"a": 1}', {"content-type": kind})
        for kind in ("", "application/json", "text/plain", "application/octet-stream")
        + ("application/x-www-form-urlencoded", "multipart/form-data; boundary=B", "no/nsense;;")
    ),
    Case("no content type", "acts", "POST", "/score", b'{"a": 1}'),
    *(
        Case(f"swagger {version!r}", script, "GET", f"/swagger.json{version}")
        for script in ("acts", "schema", "cors")
        for version in ("", "?version=2", "?version=2.0", "?version=3", "?version=3.0")
        + ("?version=3.1", "?version=3.0a", "?version=", "?other=3")
    ),
    Case("headers for run()", "headers", "POST", "/score", b'"Test-Header"', {"test-header": "v"}),
    Case("headers by their case", "headers", "POST", "/score", b'"test-header"', {"test-header": "v"}),
    Case("headers of a GET", "headers", "GET", "/score", None, {"test-header": "v"}),
    Case("the host", "headers", "POST", "/score", b'"Host"', {"host": "here"}),
    Case("the length", "headers", "POST", "/score", b'"Content-Length"'),
    *(
        Case(f"raw: {method}", "raw", method, "/score", b"x" if method == "POST" else None)
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")
    ),
    asked("line", "GET", "/score?a=1&b=x&c=1.2"),
    asked("args", "GET", "/score?a=1&a=2&b=%C3%A9+x"),
    asked("data", "POST", "/score", b"[1, 2, 3]", content_type="text/plain"),
    asked("data of a form", "POST", "/score", b"a=1&b=2", ask="data", content_type="application/x-www-form-urlencoded"),
    asked("json", "POST", "/score", b'"x"', content_type="application/json"),
    asked("json that is none", "POST", "/score", b"{", ask="json", content_type="application/json"),
    asked("json of text", "POST", "/score", b'"x"', ask="json", content_type="text/plain"),
    asked("get_json", "POST", "/score", b"[1]", content_type="application/json"),
    asked("get_json that is none", "POST", "/score", b"{", ask="get_json", content_type="application/json"),
    asked("get_json of text", "POST", "/score", b"[1]", ask="get_json", content_type="text/plain"),
    asked("form", "POST", "/score", FORM, content_type="multipart/form-data; boundary=B"),
    asked("fields", "POST", "/score", b"a=1&a=2&b=%C3%A9", content_type="application/x-www-form-urlencoded"),
    asked("values", "POST", "/score?c=3", b"a=1", content_type="application/x-www-form-urlencoded"),
    asked("cookies", cookie="a=1; b=x"),
    asked("headers", x_mine="5"),
    asked("kind", "POST", "/score", b"{}", content_type="Application/JSON; charset=utf-8"),
    asked("url", "GET", "/score?a=%20b"),
    posted("an object", b'{"num": 5}'),
    posted("an object with more", b'{"num": 5, "name": "y", "other": 1}'),
    posted("an empty body", b""),
    posted("an empty object", b"{}"),
    posted("a list", b"[1]"),
    posted("a string", b'"x"'),
    posted("null", b"null"),
    posted("a number that is too large", b'{"num": 1e999}'),
    posted("a wrong type", b'{"num": "5"}'),
    posted("a fraction", b'{"num": 5.5}'),
    posted("no JSON", b"{"),
    posted("no UTF-8", b'{"num": 1, "name": "\xff"}'),
    posted("UTF-16", '{"num": 5}'.encode("utf-16")),
    posted("a mark of UTF-8", b'\xef\xbb\xbf{"num": 5}'),
    posted("a name twice", b'{"num": 5, "num": 6}'),
    posted("charset", b'{"num": 5}', "application/json; charset=latin-1"),
    posted("JSON of a kind", b'{"num": 5}', "application/ld+json"),
    posted("text", b'{"num": 5}', "text/plain"),
    posted("curl's default", b'{"num": 5}', "application/x-www-form-urlencoded"),
    posted("no content type", b'{"num": 5}', None),
    Case("schema: GET", "schema", "GET", "/score?num=5&name=z"),
    Case("schema: GET without", "schema", "GET", "/score?name=z"),
    Case("schema: GET twice", "schema", "GET", "/score?num=5&num=6"),
    Case("schema: OPTIONS", "schema", "OPTIONS"),
    *(
        Case(f"cors: {method} {path} from {origin}", "cors", method, path, None, {"origin": origin})
        for origin in ("www.microsoft.com", "www.azure.com", "http://a.example", "null")
        for method, path in (("OPTIONS", "/score"), ("GET", "/score"), ("GET", "/swagger.json"))
    ),
    *(
        Case(f"cors: preflight from {origin}", "cors", "OPTIONS", "/score", None, {**PREFLIGHT, "origin": origin})
        for origin in ("www.microsoft.com", "www.azure.com", "http://a.example")
    ),
    Case("cors: no origin", "cors"),
    Case("cors: a fault", "cors", "POST", "/score", b"raise", {**TEXT, "origin": "www.microsoft.com"}),
    Case("cors: nowhere", "cors", "GET", "/nowhere", None, {"origin": "www.microsoft.com"}),
    Case("cors: health", "cors", "GET", "/", None, {"origin": "www.microsoft.com"}),
]
BAD = {
    "no init": "def run(data): pass",
    "no run": "def init(): pass",
    "run without a parameter": "def init(): pass\ndef run(): pass",
    "run with the headers alone": "def init(): pass\ndef run(request_headers): pass",
    "run with *args": "def init(): pass\ndef run(*args): pass",
    "run with **kwargs": "def init(): pass\ndef run(data, **more): pass",
    "run with a positional one": "def init(): pass\ndef run(data, /): pass",
    "an import that fails": "import no_such_module",
    "a bad indent": "def init():\n        pass\n    pass",
    "an exit": "import sys\nsys.exit(0)",
    "init raises": "def init(): 1 / 0\ndef run(data): pass",
    "init exits": "import sys\ndef init(): sys.exit(0)\ndef run(data): pass",
}

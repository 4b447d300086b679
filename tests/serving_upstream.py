"""What the tests of v1's own server ask, as scripts and requests that any server can be given."""

from typing import NamedTuple

from serving_contract import FORM, JSON

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
FORMS = "application/x-www-form-urlencoded"
KINDS = (
    "",
    "application/json",
    "text/plain",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=B",
    "no/nsense;;",
)
VERSIONS = (
    "",
    "?version=2",
    "?version=2.0",
    "?version=3",
    "?version=3.0",
    "?version=3.1",
    "?version=3.0a",
    "?version=",
    "?other=3",
)
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "x-a"}


def act(name: str, **headers: str) -> Case:
    return Case(name, "acts", "POST", "/score", name.encode(), {**TEXT, **headers})


def ids(name: str, headers: dict[str, str]) -> list[Case]:
    return [
        Case(f"{name}, on GET", "acts", "GET", "/score", None, headers),
        Case(f"{name}, as run() fails", "acts", "POST", "/score", b"raise", {**TEXT, **headers}),
    ]


def asked(
    name: str, path: str = "/score", body: bytes | None = None, *, ask: str = "", **headers: str
) -> Case:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    method = "GET" if body is None else "POST"
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
        Case(
            f"content type {kind!r}", "acts", "POST", "/score", b'{"a": 1}', {"content-type": kind}
        )
        for kind in KINDS
    ),
    Case("no content type", "acts", "POST", "/score", b'{"a": 1}'),
    *(
        Case(f"swagger {version!r} of {script}", script, "GET", f"/swagger.json{version}")
        for script in ("acts", "schema", "cors")
        for version in VERSIONS
    ),
    Case("headers for run()", "headers", "POST", "/score", b'"Test-Header"', {"test-header": "v"}),
    Case(
        "headers by their case", "headers", "POST", "/score", b'"test-header"', {"test-header": "v"}
    ),
    Case("headers of a GET", "headers", "GET", "/score", None, {"test-header": "v"}),
    Case("the host", "headers", "POST", "/score", b'"Host"', {"host": "here"}),
    Case("the length", "headers", "POST", "/score", b'"Content-Length"'),
    *(
        Case(f"raw: {method}", "raw", method, "/score", b"x" if method == "POST" else None)
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")
    ),
    asked("line", "/score?a=1&b=x&c=1.2"),
    asked("args", "/score?a=1&a=2&b=%C3%A9+x"),
    asked("data", "/score", b"[1, 2, 3]", content_type="text/plain"),
    asked(
        "data of a form",
        "/score",
        b"a=1&b=2",
        ask="data",
        content_type=FORMS,
    ),
    asked("json", "/score", b'"x"', content_type="application/json"),
    asked("json that is none", "/score", b"{", ask="json", content_type="application/json"),
    asked("json of text", "/score", b'"x"', ask="json", content_type="text/plain"),
    asked("get_json", "/score", b"[1]", content_type="application/json"),
    asked(
        "get_json that is none",
        "/score",
        b"{",
        ask="get_json",
        content_type="application/json",
    ),
    asked("get_json of text", "/score", b"[1]", ask="get_json", content_type="text/plain"),
    asked("form", "/score", FORM, content_type="multipart/form-data; boundary=B"),
    asked(
        "fields",
        "/score",
        b"a=1&a=2&b=%C3%A9",
        content_type=FORMS,
    ),
    asked("values", "/score?c=3", b"a=1", content_type=FORMS),
    asked("cookies", cookie="a=1; b=x"),
    asked("headers", x_mine="5"),
    asked("kind", "/score", b"{}", content_type="Application/JSON; charset=utf-8"),
    asked("url", "/score?a=%20b"),
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
        Case(
            f"cors: preflight from {origin}",
            "cors",
            "OPTIONS",
            "/score",
            None,
            {**PREFLIGHT, "origin": origin},
        )
        for origin in ("www.microsoft.com", "www.azure.com", "http://a.example")
    ),
    Case("cors: no origin", "cors"),
    Case(
        "cors: a fault", "cors", "POST", "/score", b"raise", {**TEXT, "origin": "www.microsoft.com"}
    ),
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

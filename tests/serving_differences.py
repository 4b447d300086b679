"""Where our answers differ from those of v1's own server, and why. The README shows this table."""

from collections.abc import Mapping
from typing import Any, NamedTuple

ANY: Any = ...
Fields = Mapping[str, tuple[Any, Any]]


class Difference(NamedTuple):
    """`where`: patterns of cases, and what differs in them, theirs first.

    What no single answer shows is shown by another test, `shown`.
    """

    theirs: str
    ours: str
    why: str
    where: Mapping[str, Fields] = {}
    shown: str = ""


NAMED: Fields = {"x-request-id": (None, "fresh"), "x-ms-request-id": (None, "same")}
ALLOW: Fields = {"allow": (None, ANY)}
SCORED: Fields = {"status": (500, 200), "body": (ANY, ANY), "timed": (False, True)}
MISFIT: Fields = {
    "status": (500, 400),
    "body": (ANY, ANY),
    "x-ms-run-function-failed": ("True", "False"),
}
TAKEN: Fields = {"status": (415, 200), "body": (ANY, ANY), "timed": (False, True)}
REACHED: Fields = {"status": (405, 200), "body": (ANY, ANY), "timed": (False, True)}
CLAIMS: Fields = {"claims": (True, False)}
UNREAD: Fields = {"body": ("", '{"a": 1}')}
LEFT = {f"{method} {path}" for method in ("PUT", "DELETE", "PATCH") for path in ("/", "/score")}
REFUSED = {"POST /", "POST /swagger.json", *LEFT}
REFUSED |= {f"{method} /swagger.json" for method in ("PUT", "DELETE", "PATCH")}
RAW = ("raw: PUT", "raw: DELETE", "raw: PATCH")
EXPOSED: Fields = {"access-control-expose-headers": (None, ANY)}
OPENED: Fields = {"access-control-allow-origin": (None, ANY)}

DIFFERENCES = (
    Difference(
        "a body of the wrong shape or type: 500, as if the script had failed",
        "400 with the path of the field",
        "the client can mend it, and no alarm is raised",
        {
            "schema: a number that is too large": MISFIT,
            "schema: a wrong type": MISFIT,
            "schema: a fraction": MISFIT,
            "schema: GET twice": MISFIT,
        },
    ),
    Difference(
        "a value that a cast would change is cast without a word: 0.5 becomes 0",
        "400 with the path of the field; `casts: v1` casts",
        "a wrong answer with status 200 is found late or never",
        shown="test_serving_casts.py::test_what_would_lose_something_is_400_with_its_path",
    ),
    Difference(
        "JSON that is not UTF-8: 500",
        "400",
        "as above",
        {"schema: no UTF-8": {"status": (500, 400), "body": (ANY, ANY)}},
    ),
    Difference(
        "curl's default content type, or none, where there is a schema: 415",
        "read as the JSON it is",
        "`curl -d` works",
        {"schema: curl's default": TAKEN, "schema: no content type": TAKEN},
    ),
    Difference(
        "a form, where there is no schema: `run()` gets an empty text",
        "`run()` gets the body",
        "as above, and nothing that was sent is lost",
        {
            "content type 'application/x-www-form-urlencoded'": UNREAD,
            "content type 'multipart/form-data; boundary=B'": UNREAD,
        },
    ),
    Difference(
        "`run()` returns an array, a frame, a set: 500",
        "written as JSON",
        "most scripts return what numpy gave them",
        {"array": SCORED, "set": SCORED},
    ),
    Difference(
        "`run()` returns NaN or infinity: 200 with a body that is not JSON",
        '500 with the reason; `not_finite: "null"` sends null',
        "many clients cannot read it, others read something else",
        {"nan": {"status": (200, 500), "body": (ANY, ANY), "timed": (True, False)}},
    ),
    Difference(
        '`run()` returns what JSON cannot say: "an unexpected internal error"',
        "the 500 names the type",
        "it can be found without the log",
        {"object": {"body": (ANY, ANY)}},
    ),
    Difference(
        "`sys.exit()` in `run()`: a page of HTML, and the worker is gone",
        "500 in the form of every other error; the worker stays",
        "one request must not end the service for others",
        {
            "exit": {
                "body": (ANY, ANY),
                "content-type": ("text/html", "application/json"),
                "x-ms-run-function-failed": (None, "True"),
                **NAMED,
            }
        },
    ),
    Difference(
        "the time of a `run()` is over: 500",
        "504",
        "what retries and alarms can tell from a fault",
        {"timeout": {"status": (500, 504)}},
    ),
    Difference(
        "`SCORING_TIMEOUT_MS` is an hour, and `WORKER_TIMEOUT` 300 s, unless said",
        "the lesser of those that are said, else 300 s; `serving: {timeout, workers}` wins over"
        " them and over `WORKER_COUNT`",
        "the file says what counts, and v1's variables do where it does not",
        shown="test_serving_limits.py::test_v1s_variables_count_where_the_serving_block_is_silent",
    ),
    Difference(
        "`AZUREML_CONFIG_FILE`, `AZUREML_DEBUG_PORT`, `WORKER_PRELOAD` and"
        " `SEPERATE_HEALTH_ENDPOINT` are obeyed",
        "they reach the script alone",
        "`mlops.yaml` is the file; health answers whatever workers do; debuggers are for laptops",
        shown="test_serving_upstream.py::test_variables_that_steer_theirs_alone_reach_the_script",
    ),
    Difference(
        "App Insights gets what is printed, what is raised, and, unless"
        " `APP_INSIGHTS_LOG_RESPONSE_ENABLED` forbids it, each answer",
        "a span for each request; what is printed stays in the log, and data is collected where"
        " that is asked for",
        "personal data goes nowhere unasked",
        shown="test_serving_traces.py::test_azure_monitor_gets_requests",
    ),
    Difference(
        "404 and 405 bear no request id",
        "every answer does",
        "a line of the log is found by it",
        {
            **{
                f"{method} {path}": NAMED
                for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
                for path in ("/nowhere", "/score/")
            },
            **dict.fromkeys([*sorted(REFUSED), *RAW, "cors: nowhere"], NAMED),
        },
    ),
    Difference(
        "405 without `Allow`",
        "405 with it",
        "HTTP asks for it",
        dict.fromkeys([*sorted(REFUSED), "HEAD /score"], ALLOW),
    ),
    Difference(
        "a request id that is empty: the answer bears none",
        "an empty one counts as none, and one is made",
        "every answer bears one",
        {"an empty id, *": NAMED},
    ),
    Difference(
        "`traceparent` and `tracestate` are dropped",
        "echoed",
        "as its own documents promise",
        {"a trace of W3C, *": {"traceparent": (None, ANY)}},
    ),
    Difference(
        "`@rawhttp`: GET, POST and OPTIONS alone",
        "any method reaches `run()`",
        "it asked for raw HTTP",
        dict.fromkeys(RAW, REACHED),
    ),
    Difference(
        "`@rawhttp`: `request.json` of a body that does not say that it is JSON raises",
        "reads it",
        "curl's default content type again",
        {
            "raw: json of text": {
                **SCORED,
                "content-type": ("application/json", "text/html; charset=utf-8"),
                "x-ms-run-function-failed": ("True", "False"),
            },
            "raw: get_json of text": {"body": ({}, [1])},
        },
    ),
    Difference(
        "`@rawhttp`: `request.data` of a form is empty",
        "is the body",
        "what was sent can be read in any order",
        {"raw: data of a form": {"body": (["", ""], ["a=1&b=2", "a=1&b=2"])}},
    ),
    Difference(
        "CORS: a request without `Origin` is answered as if the first origin had asked",
        "without those headers",
        "no browser asked",
        {
            "cors: no origin": {"access-control-allow-origin": ("www.microsoft.com", None)},
            "swagger * of cors": {"access-control-allow-origin": ("www.microsoft.com", None)},
        },
    ),
    Difference(
        "CORS: `*` within an origin is part of a regular expression",
        "stands for any characters",
        "`https://*.example.com` means what it looks like",
        {
            "cors: * from http://a.example": OPENED,
            "cors: preflight from http://a.example": {
                "access-control-allow-methods": (None, "GET, POST"),
                "access-control-allow-headers": (None, "x-a"),
            },
        },
    ),
    Difference(
        "CORS: scripts of a page cannot read the ids and the flag; 404 cannot be read at all",
        "they can; a preflight is kept for ten minutes",
        "an error in a browser can be told from a broken network",
        {
            "cors: * from www.microsoft.com": EXPOSED,
            "cors: * from http://a.example": EXPOSED,
            "cors: preflight from www.microsoft.com": {"access-control-max-age": (None, "600")},
            "cors: preflight from http://a.example": {"access-control-max-age": (None, "600")},
            "cors: a fault": EXPOSED,
            "cors: health": EXPOSED,
            "cors: nowhere": {**EXPOSED, **OPENED},
        },
    ),
    Difference(
        "swagger says `https` and a bearer token, whatever is true",
        "says what is so",
        "generated clients work",
        dict.fromkeys(
            (
                "GET /swagger.json",
                "swagger '' of *",
                "swagger '?version=[23]' of *",
                "swagger '?version=[23].[01]' of *",
                "swagger '?other=3' of *",
                "cors: GET /swagger.json from *",
            ),
            CLAIMS,
        ),
    ),
    Difference(
        "each answer closes its connection, each request is logged twice, all interfaces are open",
        "keep-alive; a line a request if `logs` says so; loopback unless told otherwise",
        "speed, logs that can be read, and nothing open that nobody opened",
        shown="test_serving_upstream.py::test_theirs_closes_each_connection_and_ours_keeps_it",
    ),
)

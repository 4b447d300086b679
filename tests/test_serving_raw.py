"""`@rawhttp`: the whole request in, the whole answer out, with our stand-in and with real Flask."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_environments import environment
from serving_instance import Instance, serving

SCRIPT = """
    PACKAGE

    def init():
        pass

    @rawhttp
    def run(request):
        want = request.args.get("want", "")
        return globals().get(want, describe)(request)

    def describe(request):
        return {
            "method": request.method,
            "path": request.path,
            "full_path": request.full_path,
            "url": request.url.split("/", 3)[3],
            "args": request.args.to_dict(),
            "several": request.args.getlist("n"),
            "number": request.args.get("n", type=int),
            "missing": request.args.get("nope", 7),
            "header": request.headers["x-mine"],
            "absent": request.headers.get("X-Absent", "none"),
            "has": "X-MINE" in request.headers,
            "names": sorted(name for name, value in request.headers if name == "X-Mine"),
            "dict": dict(request.headers)["X-Mine"],
            "cookie": request.cookies.get("c"),
            "type": [request.mimetype, request.is_json],
            "length": request.content_length,
            "text": request.get_data(as_text=True),
            "bytes": request.get_data(False).decode("latin-1"),
        }

    def upload(request):
        file = request.files["image"]
        other = request.files.getlist("image")[1]
        return [file.filename, file.content_type, list(file.read()), other.read().decode(),
                request.form["title"], request.form.getlist("title"), "nope" in request.files,
                file.read().decode()]

    def read(request):
        return [request.json, request.get_json(), request.get_json(force=True)]

    def silent(request):
        return [request.get_json(silent=True)]

    def cors(request):
        if request.method == "OPTIONS":
            answer = AMLResponse("", 200)
            answer.headers["Allow"] = "OPTIONS, GET, POST"
            answer.headers["Access-Control-Allow-Origin"] = "http://www.example.com"
            answer.headers.add("Access-Control-Allow-Headers", "*")
            return answer
        return AMLResponse("no", 405)

    def picture(request):
        return AMLResponse(bytes(range(256)), 200, {"Content-Type": "image/png", "X-Many": "a, b"})

    def as_json(request):
        return AMLResponse({"a": 1}, 202, json_str=True)

    def nothing(request):
        return AMLResponse(None, 200)

    def broken(request):
        return AMLResponse("oops", 503)

    def failed(request):
        return AMLResponse("half", 200, {}, False, True)

    def edited(request):
        answer = AMLResponse("first", 200)
        answer.set_data("second")
        answer.status_code = 201
        answer.headers["Content-Type"] = "text/plain"
        answer.set_cookie("k", "v")
        return answer
"""
IMPORTS = {
    "contrib": """
    from azureml.contrib.services.aml_request import AMLRequest, rawhttp
    from azureml.contrib.services.aml_response import AMLResponse
""",
    "server": """
    from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
    from azureml_inference_server_http.api.aml_response import AMLResponse
""",
}


@pytest.fixture(scope="module", params=["contrib", "server", "flask"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Instance]:
    changes = {}
    if request.param == "flask":
        # The package pins all of azureml-core's world; its two files need Flask alone.
        found = environment("azureml-contrib-services", "flask", warm="import flask")
        changes["python"] = str(found)
    text = SCRIPT.replace("PACKAGE", IMPORTS.get(request.param, IMPORTS["contrib"]).strip())
    if request.param == "flask":
        text = text.replace("def init():", "import flask\n    def init():").replace(
            "def describe(request):",
            "def describe(request):\n        assert isinstance(request, flask.Request)",
        )
    with serving(tmp_path_factory.mktemp("raw") / "i", text, **changes) as instance:
        yield instance


def test_the_request_tells_everything(service: Instance) -> None:
    headers = {"X-Mine": "m", "Cookie": "c=5; d=6", "Content-Type": "text/plain; charset=utf-8"}

    found = service.ask("POST", "/score?n=1&n=2&want=", b"a\xc3\xa9", headers).json

    assert found == {
        "method": "POST",
        "path": "/score",
        "full_path": "/score?n=1&n=2&want=",
        "url": "score?n=1&n=2&want=",
        "args": {"n": "1", "want": ""},
        "several": ["1", "2"],
        "number": 1,
        "missing": 7,
        "header": "m",
        "absent": "none",
        "has": True,
        "names": ["X-Mine"],
        "dict": "m",
        "cookie": "5",
        "type": ["text/plain", False],
        "length": 3,
        "bytes": "aÃ©",
        "text": "aé",
    }


FORM = (
    b'--B\r\nContent-Disposition: form-data; name="title"\r\n\r\nA title\r\n'
    b'--B\r\nContent-Disposition: form-data; name="title"\r\n\r\nB\r\n'
    b'--B\r\nContent-Disposition: form-data; name="image"; filename="a \\"b\\".png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x00\r\n\xff\r\n"
    b'--B\r\nContent-Disposition: form-data; name="image"; filename="c.txt"\r\n\r\n--B-'
    b"\r\n--B--\r\n"
)


def test_files_of_a_form_are_read(service: Instance) -> None:
    headers = {"Content-Type": 'multipart/form-data; boundary="B"'}

    found = service.ask("POST", "/score?want=upload", FORM, headers).json

    image = [0, 13, 10, 255]
    expected = ['a "b".png', "image/png", image, "--B-", "A title", ["A title", "B"], False, ""]
    assert expected == found


def test_a_json_body_is_read(service: Instance) -> None:
    answer = service.ask(
        "POST", "/score?want=read", b'{"a": 1}', {"Content-Type": "application/json"}
    )

    assert [{"a": 1}] * 3 == answer.json


def test_a_bad_json_body_can_be_passed_over_in_silence(service: Instance) -> None:
    kind = {"Content-Type": "application/json"}

    assert [None] == service.ask("POST", "/score?want=silent", b"{", kind).json


def test_a_script_answers_a_preflight_itself(service: Instance) -> None:
    answer = service.ask("OPTIONS", "/score?want=cors")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["allow"] == "OPTIONS, GET, POST"
    assert answer.headers["access-control-allow-origin"] == "http://www.example.com"
    assert answer.headers["access-control-allow-headers"] == "*"


def test_bytes_go_out_as_they_are(service: Instance) -> None:
    answer = service.ask("GET", "/score?want=picture")

    assert bytes(range(256)) == answer.body
    assert answer.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("want", "status", "body", "kind", "failed"),
    [
        ("as_json", 202, b'{"a": 1}', "application/json", "False"),
        ("nothing", 200, b"{}", "application/json", "False"),
        ("broken", 503, b"oops", "text/html; charset=utf-8", "True"),
        ("failed", 200, b"half", "text/html; charset=utf-8", "True"),
        ("edited", 201, b"second", "text/plain", "False"),
    ],
)
def test_answers_go_out_as_they_were_made(
    service: Instance, want: str, status: int, body: bytes, kind: str, failed: str
) -> None:
    answer = service.ask("GET", "/score?want=" + want)

    assert (status, body) == (answer.status, answer.body)
    assert kind == answer.headers["content-type"]
    assert failed == answer.headers["x-ms-run-function-failed"]


def test_flasks_own_helpers_work_in_any_script(tmp_path: Path) -> None:
    python = environment("azureml-contrib-services", "flask", warm="import flask")
    script = """
        import flask
        def init(): pass
        def run(data): return flask.jsonify({"got": data})
    """
    with serving(tmp_path, script, python=str(python)) as service:
        answer = service.score([1])

    assert (200, {"got": "[1]"}) == (answer.status, answer.json)


def test_raw_and_schema_cannot_be_combined(tmp_path: Path) -> None:
    from serving_environments import with_schema  # noqa: PLC0415 - the one test that needs it
    from serving_instance import failed  # noqa: PLC0415 - as above

    script = """
        from azureml.contrib.services.aml_request import rawhttp
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import (
            StandardPythonParameterType as Standard,
        )
        def init(): pass
        @rawhttp
        @input_schema("data", Standard(1))
        def run(data): pass
    """
    _, record, _ = failed(tmp_path, script, python=str(with_schema()))

    expected = "run() cannot be decorated with both @rawhttp and @input_schema"
    assert expected == record["error"]["summary"]

"""The scripts that the cases of v1's own tests are put to."""

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

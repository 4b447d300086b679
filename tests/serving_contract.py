"""Scripts and requests that v1's own server and ours are given alike."""

import json
from typing import Any

IMPORTS = """
    import numpy as np
    import pandas as pd
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType as Numpy
    from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType as Pandas
    from inference_schema.parameter_types.standard_py_parameter_type import (
        StandardPythonParameterType as Standard,
    )

    frame = pd.DataFrame({"age": [1], "name": ["a"], "size": [0.5]})

    def init():
        pass
"""
TYPED = (
    IMPORTS
    + """
    @input_schema("data", Numpy(np.array([[1.5, 2.5]])))
    @input_schema("limit", Standard(1), optional=True)
    @output_schema(Numpy(np.array([4.0])))
    def run(data, limit=2):
        if limit == 0:
            raise ValueError("own")
        return [*data.sum(axis=1).tolist(), limit]
"""
)
NESTED = (
    IMPORTS
    + """
    @input_schema("Inputs", Standard({"data": Pandas(frame), "more": Numpy(np.array([1]))}))
    @input_schema("GlobalParameters", Standard({"method": "predict"}), optional=True)
    @output_schema(Standard({"Results": Standard([1.0])}))
    def run(Inputs, GlobalParameters={"method": "none"}):
        found = [type(Inputs["data"]).__name__, type(Inputs["more"]).__name__]
        return {"Results": [found, GlobalParameters["method"], Inputs["data"]["age"].tolist()]}
"""
)
ORIENTS = (
    IMPORTS
    + """
    @input_schema("records", Pandas(frame), optional=True)
    @input_schema("split", Pandas(frame, orient="split"), optional=True)
    @input_schema("index", Pandas(frame, orient="index"), optional=True)
    @input_schema("columns", Pandas(frame, orient="columns"), optional=True)
    @input_schema(
        "values", Pandas(frame, orient="values", enforce_column_type=False), optional=True
    )
    @input_schema("table", Pandas(frame, orient="table"), optional=True)
    def run(records=None, split=None, index=None, columns=None, values=None, table=None):
        given = [records, split, index, columns, values, table]
        return [None if one is None else one.values.tolist() for one in given]
"""
)
STANDARD = (
    IMPORTS
    + """
    import datetime
    shape = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])

    @input_schema("i", Standard(1))
    @input_schema("f", Standard(1.5))
    @input_schema("s", Standard("x"))
    @input_schema("b", Standard(True))
    @input_schema("l", Standard([1, 2]))
    @input_schema("mixed", Standard([1, "x"]))
    @input_schema("d", Standard({"k": 1, "deep": {"x": [1.5]}}))
    @input_schema("raw", Standard(b"abc"))
    @input_schema("when", Standard(datetime.datetime(2019, 5, 31, 10)))
    @input_schema("at", Standard(datetime.time(10, 30)))
    @input_schema("rec", Numpy(shape))
    @input_schema("arrays", Standard([Numpy(np.array([1]))]))
    def run(i, f, s, b, l, mixed, d, raw, when, at, rec, arrays):
        return [i, f, s, b, l, mixed, d, raw.decode(), when.isoformat(), at.isoformat(),
                rec.tolist(), [one.tolist() for one in arrays]]
"""
)
PLAIN = """
    import json

    def init():
        print("started")

    def run(raw_data, request_headers):
        try:
            found = json.loads(raw_data)
        except ValueError:
            return raw_data
        if found == "header":
            return request_headers["X-Mine"]
        if found == "none":
            return None
        if found == "raise":
            raise RuntimeError("own")
        return found
"""
RAW = """
    from azureml_inference_server_http.api.aml_request import rawhttp
    from azureml_inference_server_http.api.aml_response import AMLResponse

    def init():
        pass

    @rawhttp
    def run(request):
        if request.method == "GET":
            return AMLResponse(request.args.get("a"), 203, {"X-One": "1"})
        if request.method == "OPTIONS":
            return AMLResponse("", 204, {"Allow": "GET"})
        if request.files:
            return [request.files["f"].filename, request.files["f"].read().decode()]
        if request.get_data() == b"raise":
            raise RuntimeError("own")
        return {"got": request.get_data().decode(), "path": request.full_path}
"""
SCRIPTS = {
    "typed": TYPED,
    "nested": NESTED,
    "orients": ORIENTS,
    "standard": STANDARD,
    "plain": PLAIN,
    "raw": RAW,
}


JSON = {"content-type": "application/json"}
FORM = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhello\r\n--B--\r\n'
ROW = {"age": 3, "name": "b", "size": 1.5}
ALL = {
    "i": 1,
    "f": 2,
    "s": "x",
    "b": False,
    "l": ["any", 1],
    "mixed": [],
    "d": {"other": 1},
    "raw": "YWJj",
    "when": "2020-01-02T03:04:05Z",
    "at": "03:04:05",
    "rec": [{"a": 1, "b": 2}],
    "arrays": [[1], [2, 3]],
}


def post(value: Any) -> tuple[str, str, bytes, dict[str, str]]:
    return "POST", "/score", json.dumps(value).encode(), JSON


REQUESTS: dict[str, list[tuple[str, str, bytes | None, dict[str, str]]]] = {
    "typed": [
        post({"data": [[1, 2], [3, 4.5]]}),
        post({"data": [[1, 2]], "limit": 5}),
        post({"data": [[1, 2]], "extra": 5}),
        post({"data": [[0.1, 0.2]]}),
        post({"data": [[1, 2]], "limit": 0, "x": 1}),
        post({}),
        post([1]),
        post("x"),
        ("POST", "/score", b"", JSON),
        ("POST", "/score", b"{", JSON),
        ("POST", "/score", b'{"data": [[1,2]]}', {"content-type": "text/plain"}),
        ("POST", "/score", b'{"data": [[1,2]]}', {"content-type": "application/x+json"}),
        ("GET", "/score?data=[[1,2]]&limit=7", None, {}),
        ("GET", "/score", None, {}),
        ("OPTIONS", "/score", None, {}),
        ("PUT", "/score", b"x", {}),
        ("POST", "/", b"x", {}),
        ("GET", "/nowhere", None, {}),
        ("GET", "/", None, {}),
    ],
    "nested": [
        post({"Inputs": {"data": [ROW], "more": [1, 2]}, "GlobalParameters": {"method": "p"}}),
        post({"Inputs": {"data": [ROW], "more": [1, 2]}}),
        post({"GlobalParameters": {"method": "p"}}),
    ],
    "orients": [
        post({"records": [ROW, ROW]}),
        post({"split": {"columns": list(ROW), "index": [0], "data": [list(ROW.values())]}}),
        post({"index": {"0": ROW, "1": ROW}}),
        post({"columns": {name: {"0": value} for name, value in ROW.items()}}),
        post({"values": [list(ROW.values())]}),
    ],
    "standard": [post(ALL)],
    "plain": [
        post({"a": [1, "é"]}),
        ("POST", "/score", "text é".encode(), {"content-type": "text/plain"}),
        ("POST", "/score", b"\xff", {"content-type": "text/plain"}),
        ("POST", "/score", b'"header"', {"x-mine": "5", "content-type": "application/json"}),
        ("POST", "/score", b'"none"', JSON),
        ("POST", "/score", b'"raise"', JSON),
        ("POST", "/score", b"", JSON),
        ("GET", "/score?a=1&b=[1,2]&c=x&d=null&e=1&e=2", None, {}),
        ("GET", "/score", None, {}),
        ("OPTIONS", "/score", None, {}),
        ("GET", "/swagger.json?version=4", None, {}),
        ("POST", "/score", b"1", {"x-request-id": "x" * 101}),
        ("POST", "/score", b"1", {"x-ms-request-id": "x" * 101}),
    ],
    "raw": [
        ("GET", "/score?a=5", None, {}),
        ("OPTIONS", "/score", None, {}),
        ("POST", "/score?b=1", b"body", {"content-type": "text/plain"}),
        ("POST", "/score", b"raise", {}),
        ("POST", "/score", FORM, {"content-type": "multipart/form-data; boundary=B"}),
    ],
}

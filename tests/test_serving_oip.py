"""The Open Inference Protocol v2, and the digests of what runs."""

import hashlib
import hmac
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_environments import environment
from serving_instance import Instance, serving

SCRIPT = """
    import json
    def init(): pass
    def run(data):
        given = json.loads(data)
        if "wanted" in given:
            return json.loads(given["wanted"][0])
        return {"sum": [sum(row) for row in given["data"]]}
"""
ROWS = {"name": "data", "shape": [2, 3], "datatype": "FP32", "data": [1, 2, 3, 4, 5, 6.5]}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("oip")
    (folder / "blob").touch()
    files = [{"path": "m", "blob": str(folder / "blob")}]
    with serving(folder, SCRIPT, models=[{"name": "iris", "version": 4, "files": files}]) as found:
        yield found


def infer(service: Instance, *tensors: dict[str, Any], model: str = "iris") -> Any:
    body = json.dumps({"id": "7", "inputs": list(tensors)})
    return service.ask("POST", f"/v2/models/{model}/infer", body)


def test_tensors_are_scored(service: Instance) -> None:
    answer = infer(service, ROWS)

    output = {"name": "sum", "shape": [2], "datatype": "FP64", "data": [6, 15.5]}
    assert {"model_name": "iris", "id": "7", "outputs": [output]} == answer.json


@pytest.mark.parametrize("path", ["iris", "iris/versions/4", "sums"])
def test_a_model_goes_by_its_name_its_version_or_the_services_name(
    service: Instance, path: str
) -> None:
    assert infer(service, ROWS, model=path).status == 200
    assert service.ask("GET", f"/v2/models/{path}/ready").status == 200
    assert service.ask("GET", f"/v2/models/{path}").json["versions"] == ["4"]


@pytest.mark.parametrize(
    ("result", "shape", "datatype"),
    [
        ([1, 2], [2], "INT64"),
        (7, [1], "INT64"),
        ([[0.5], [1]], [2, 1], "FP64"),
        (["a"], [1], "BYTES"),
        ([True], [1], "BOOL"),
        ([[1], [2, 3]], [1], "BYTES"),
        ([None], [1], "BYTES"),
    ],
)
def test_results_become_tensors(
    service: Instance, result: Any, shape: list[int], datatype: str
) -> None:
    wanted = {"name": "wanted", "shape": [1], "datatype": "BYTES", "data": [json.dumps(result)]}

    (output,) = infer(service, wanted).json["outputs"]

    assert ("output-0", shape, datatype) == (output["name"], output["shape"], output["datatype"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": [2, 2]}, "its shape asks for"),
        ({"datatype": "FP8"}, "which there is not"),
        ({"shape": [-1]}, "no list of sizes"),
        ({"data": 5}, "no `inputs` as the protocol has them"),
    ],
)
def test_what_is_no_tensor_is_400(service: Instance, change: dict[str, Any], words: str) -> None:
    answer = infer(service, {**ROWS, **change})

    assert answer.status == 400
    assert words in answer.json["error"]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"inputs": []}', "nonsense"])
def test_a_body_without_tensors_is_400(service: Instance, body: str) -> None:
    assert service.ask("POST", "/v2/models/iris/infer", body).status == 400


def test_an_error_of_the_script_is_the_protocols(service: Instance) -> None:
    answer = infer(service, {**ROWS, "name": "other"})

    assert (answer.status, set(answer.json)) == (500, {"error"})


TRITON = """
import sys
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import triton_to_np_dtype

client = triton.InferenceServerClient("127.0.0.1:" + sys.argv[1])
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("iris")
for kind, rows in {
    "FP32": [[1, 2.5]], "FP64": [[1, 2.5]], "FP16": [[1, 2.5]], "INT8": [[-1, 2]],
    "INT32": [[-7, 2]], "INT64": [[2**40, 2]], "UINT16": [[65535, 1]], "BOOL": [[True, False]],
}.items():
    sent = np.array(rows, triton_to_np_dtype(kind))
    for binary in (True, False):
        if kind == "FP16" and not binary:
            continue  # the client itself refuses it
        data = triton.InferInput("data", list(sent.shape), kind)
        data.set_data_from_numpy(sent, binary_data=binary)
        for outputs in (None, [triton.InferRequestedOutput("sum", binary_data=binary)]):
            found = client.infer("iris", [data], outputs=outputs).as_numpy("sum")
            assert found.tolist() == [sum(rows[0])], (kind, binary, found)
words = triton.InferInput("wanted", [1], "BYTES")
words.set_data_from_numpy(np.array(['{"é": "ü"}'.encode()], dtype=object))
assert client.infer("iris", [words]).as_numpy("é").tolist() == ["ü"]
try:
    client.infer("iris", [triton.InferInput("data", [1], "FP32")])
except Exception as error:
    print(error)
"""


def test_a_client_of_triton_is_answered(service: Instance) -> None:
    python = environment("tritonclient[http]", warm="import tritonclient.http")

    done = subprocess.run(
        [str(python), "-c", TRITON, str(service.record["port"])],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("[400] `data` has no `data`\n", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("tensor", "rest", "length", "reason"),
    [
        ({"datatype": "FP32", "size": 8}, b"1234", None, "`data` asks for more bytes"),
        ({"datatype": "FP32", "size": 4}, b"123456", None, "2 bytes belong to no tensor"),
        ({"datatype": "FP32", "size": 3}, b"123", None, "3 bytes are no whole number of FP32"),
        ({"datatype": "BF16", "size": 2}, b"12", None, "`BF16` has no binary form"),
        ({"datatype": "BYTES", "size": 5}, b"\x09\0\0\0a", None, "BYTES is cut short"),
        ({"datatype": "FP32", "size": "4"}, b"1234", None, "`data` asks for more bytes"),
        ({"datatype": "FP32", "size": 4}, b"1234", "9999", "is no length of a part of the body"),
        ({"datatype": "FP32", "size": 4}, b"1234", "-1", "is no length of a part of the body"),
    ],
)
def test_bytes_that_are_no_tensors_are_400(
    service: Instance, tensor: dict[str, Any], rest: bytes, length: str | None, reason: str
) -> None:
    size = {"binary_data_size": tensor["size"]}
    one = {"name": "data", "shape": [1], "datatype": tensor["datatype"], "parameters": size}
    text = json.dumps({"inputs": [one]}).encode()
    headers = {"inference-header-content-length": length or str(len(text))}

    answer = service.ask("POST", "/v2/models/iris/infer", text + rest, headers)

    assert (400, True) == (answer.status, reason in answer.json["error"])


def test_the_server_describes_itself(service: Instance) -> None:
    assert service.ask("GET", "/v2").json["name"] == "mlops"
    assert service.ask("GET", "/v2/health/live").json == {"live": True}
    assert service.ask("GET", "/v2/health/ready").json == {"ready": True}


@pytest.mark.parametrize("path", ["/v2/models/other", "/v2/models/iris/else", "/v2/else", "/v2x"])
def test_what_there_is_not_is_404(service: Instance, path: str) -> None:
    assert service.ask("GET", path).status == 404


def test_what_runs_is_told_in_digests_to_who_bears_a_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"primary": "one", "secondary": "two"}')
    keys.chmod(0o600)
    variables = {"TOKEN": "very secret"}
    with serving(tmp_path, auth={}, environment_variables=variables) as service:
        closed = service.ask("GET", "/.mlops/settings")
        bearer = {"authorization": "Bearer two"}
        answer = service.ask("GET", "/.mlops/settings", headers=bearer)
        infers = service.ask("POST", "/v2/models/sums/infer", "{}").status
        settings = service.record["settings"]

    expected = hmac.new(b"two", b'environment_variables.TOKEN="very secret"', hashlib.sha256)
    found = answer.json["digests"]
    assert (closed.status, infers, answer.json["settings"]) == (401, 401, settings)
    assert expected.hexdigest() == found["environment_variables.TOKEN"]
    assert (
        hmac.new(b"two", b'keys.primary="one"', hashlib.sha256).hexdigest() == found["keys.primary"]
    )
    assert b"very secret" not in answer.body


def test_without_keys_nobody_is_told(service: Instance) -> None:
    assert service.ask("GET", "/.mlops/settings").status == 404

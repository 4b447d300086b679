"""The Open Inference Protocol, version 2: what KServe and Triton clients speak.

Tensors, as JSON or as bytes, become the JSON object that `run()` takes, one field a tensor; what it
returns becomes tensors of JSON. Pure.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import VERSION
from . import binary
from .answers import IS_JSON, Answer

ROOT = "/v2"
LARGEST = 16 * 1024 * 1024
"""Bytes of tensors that are converted; the conversion keeps the front from everything else."""
TYPES = {
    *("BOOL", "BYTES", "FP16", "FP32", "FP64"),
    *(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)),
}


class TensorError(Exception):
    """The request holds no tensors; the words are for the client."""


def route(path: str) -> tuple[str, str]:
    """Tell what a path asks for, of which model: live, ready, server, model, infer, or nothing."""
    parts = path.removeprefix(ROOT).strip("/").split("/")
    if parts == [""]:
        return "server", ""
    if parts[0] == "health" and len(parts) == 2 and parts[1] in ("live", "ready"):
        return parts[1], ""
    if parts[0] != "models" or len(parts) < 2:
        return "", ""
    if len(parts) > 3 and parts[2] == "versions":
        del parts[2:4]
    wanted = parts[2] if len(parts) == 3 else "model" if len(parts) == 2 else ""
    return (wanted if wanted in ("model", "ready", "infer") else ""), parts[1]


def server() -> Answer:
    """Describe the server."""
    return said(200, {"name": "mlops", "version": VERSION, "extensions": ["binary_tensor_data"]})


def model(name: str, versions: Iterable[str]) -> Answer:
    """Describe a model. What it takes stands in `/swagger.json`: scripts have names, not shapes."""
    about = {"name": name, "versions": list(versions), "platform": "python"}
    return said(200, {**about, "inputs": [], "outputs": []})


def wrong(status: int, text: str) -> Answer:
    """Answer with the protocol's body of an error."""
    return said(status, {"error": text})


def said(status: int, value: Mapping[str, Any]) -> Answer:
    """Answer with a JSON object."""
    return Answer(status, IS_JSON, json.dumps(value).encode())


def fields(body: bytes, length: bytes | None) -> tuple[bytes, Any]:
    """Turn a request's tensors into the body that `run()` gets; return the request's id too.

    `length` is that of the JSON where bytes of tensors follow it.
    """
    if len(body) > LARGEST:
        raise TensorError(f"the tensors are larger than {LARGEST} bytes")
    try:
        text, rest = binary.cut(body, length)
        given = json.loads(text)
        inputs = given["inputs"]
        binary.fill(inputs, rest)
        found = {str(one["name"]): value(one) for one in inputs}
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TensorError(f"the body is no JSON: {error}") from None
    except ValueError as error:
        raise TensorError(str(error)) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise TensorError(f"the body holds no `inputs` as the protocol has them: {error}") from None
    if not found:
        raise TensorError("`inputs` is empty")
    return json.dumps(found).encode(), given.get("id")


def value(tensor: Mapping[str, Any]) -> Any:
    """Return a tensor as nested lists."""
    name, shape, kind = tensor["name"], tensor["shape"], tensor["datatype"]
    if kind not in TYPES:
        raise TensorError(f"`{name}` has the datatype `{kind}`, which there is not")
    if "data" not in tensor:
        raise TensorError(f"`{name}` has no `data`")
    if not all(isinstance(size, int) and size >= 0 for size in shape):
        raise TensorError(f"the shape of `{name}` is no list of sizes")
    flat = flattened(tensor["data"])
    if len(flat) != math.prod(shape):
        raise TensorError(f"`{name}` has {len(flat)} values, but its shape asks for {shape}")
    return nested(flat, shape)


def flattened(data: Any) -> list[Any]:
    """Return the values of nested lists in row-major order."""
    while data and all(isinstance(one, list) for one in data):
        data = [value for one in data for value in one]
    return list(data)


def nested(flat: Sequence[Any], shape: Sequence[int]) -> Any:
    """Lay values out in a shape."""
    for size in reversed(shape[1:]):
        rows = len(flat) // size if size else 0
        flat = [flat[row * size : (row + 1) * size] for row in range(rows)]
    return list(flat) if shape else flat[0]


def inferred(answer: Answer, name: str, ident: Any) -> Answer:
    """Turn what `run()` returned into tensors, or its error into the protocol's."""
    status, head, body = answer
    try:
        result = json.loads(body)
    except ValueError:
        result = body.decode("utf-8", "replace")
    if status != 200:
        text = result.get("message", "") if isinstance(result, dict) else str(result)
        return Answer(status, head, json.dumps({"error": text}).encode())
    named = result if isinstance(result, dict) and result else {"output-0": result}
    outputs = [output(str(key), found) for key, found in named.items()]
    whole = {"model_name": name, **({"id": ident} if ident else {}), "outputs": outputs}
    return Answer(status, head, json.dumps(whole).encode())


def output(name: str, found: Any) -> dict[str, Any]:
    """Return a result as a tensor; what has no shape travels as JSON text."""
    shape: list[int] = []
    flat = [found]
    while flat and all(isinstance(one, list) for one in flat):
        sizes = {len(one) for one in flat}
        if len(sizes) != 1:
            break
        shape.append(sizes.pop())
        flat = [value for one in flat for value in one]
    kind = datatype(flat)
    if kind is None:
        return {"name": name, "shape": [1], "datatype": "BYTES", "data": [json.dumps(found)]}
    return {"name": name, "shape": shape or [1], "datatype": kind, "data": flat}


def datatype(flat: Sequence[Any]) -> str | None:
    """Return the datatype that holds every value, or nothing."""
    kinds = {type(one) for one in flat}
    if kinds <= {float, int}:
        return "INT64" if kinds == {int} else "FP64"
    return {bool: "BOOL", str: "BYTES"}.get(kinds.pop()) if len(kinds) == 1 else None

"""Serves an ONNX model without a script: the graph's inputs by name, its outputs by name."""

import importlib
import json
from typing import Any, Dict, List, Tuple

from .. import arrays
from ..inputs import document
from ..refusals import BadInputError, at, kind
from ..wire import JSON
from .found import model_file

TYPES = {
    "float": "float32",
    "double": "float64",
    "float16": "float16",
    "bool": "bool",
    "string": "object",
    **{name: name for name in ("int8", "int16", "int32", "int64")},
    **{name: name for name in ("uint8", "uint16", "uint32", "uint64")},
}
SWAGGER = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "O": "string"}

held: Dict[str, Any] = {}


def init() -> None:
    """Load the graph."""
    runtime = importlib.import_module("onnxruntime")
    held["numpy"] = importlib.import_module("numpy")
    held["session"] = runtime.InferenceSession(
        str(model_file((".onnx",))), providers=["CPUExecutionProvider"]
    )


def run(data: str) -> Any:
    """Score one set of inputs."""
    given = document(JSON, data.encode())
    inputs = {one.name: one for one in held["session"].get_inputs()}
    if set(given) == {"data"} and "data" not in inputs:
        given = alone(given["data"], list(inputs))
    for name in given:
        if name not in inputs:
            raise BadInputError(name, f"the graph takes {', '.join(inputs)}")
    feed = {}
    for name, one in inputs.items():
        if name not in given:
            raise BadInputError(name, "it is missing")
        feed[name] = tensor(given[name], one)
    names = [one.name for one in held["session"].get_outputs()]
    return dict(zip(names, held["session"].run(None, feed)))


def alone(value: Any, names: List[str]) -> Dict[str, Any]:
    """Take `{"data": ...}` for the only input there is, or for all of them by name."""
    if isinstance(value, dict):
        return value
    if len(names) == 1:
        return {names[0]: value}
    raise BadInputError("data", f"the graph takes {', '.join(names)}")


def tensor(value: Any, wanted: Any) -> Any:
    """Turn nested lists into what the graph takes, without loss."""
    dtype = held["numpy"].dtype(element(wanted))
    if not wanted.shape:
        arrays.scalar(value, dtype, wanted.name)
    else:
        sized(value, list(wanted.shape), wanted.name)
        arrays.fit(value, dtype, None, wanted.name)
    return held["numpy"].array(value, dtype=dtype)


def sized(value: Any, shape: List[Any], path: str) -> None:
    """Refuse lists of another form than the graph's; sizes without a number are free."""
    if not isinstance(value, list):
        raise BadInputError(path, f"an array is expected, this is {kind(value)}")
    if isinstance(shape[0], int) and len(value) != shape[0]:
        raise BadInputError(path, f"{shape[0]} items are expected, there are {len(value)}")
    if len(shape) == 1:
        for index, item in enumerate(value):
            if isinstance(item, (list, dict)):
                reason = f"a single value is expected, this is {kind(item)}"
                raise BadInputError(at(path, index), reason)
        return
    for index, item in enumerate(value):
        sized(item, shape[1:], at(path, index))
        if len(item) != len(value[0]):
            reason = f"{len(value[0])} items are expected, there are {len(item)}"
            raise BadInputError(at(path, index), reason)


def element(one: Any) -> str:
    """Return numpy's name for the elements of `tensor(float)`."""
    inner = one.type[len("tensor(") : -1] if one.type.startswith("tensor(") else one.type
    if inner not in TYPES:
        message = f"`{one.name}` is {one.type}, which cannot be sent as JSON"
        raise BadInputError(one.name, message)
    return TYPES[inner]


def described(one: Any) -> Dict[str, Any]:
    """Return the schema of one input or output."""
    try:
        letter = held["numpy"].dtype(element(one)).kind
    except BadInputError:
        return {}
    schema: Dict[str, Any] = {"type": SWAGGER[letter]}
    for size in reversed(one.shape or []):
        bounds = {"minItems": size, "maxItems": size} if isinstance(size, int) else {}
        schema = dict(bounds, type="array", items=schema)
    return schema


def example(one: Any) -> Any:
    """Return zeros in the shape of an input."""
    sizes = [size if isinstance(size, int) and size < 100 else 1 for size in one.shape or []]
    kinds = {"bool": False, "object": ""}
    try:
        value: Any = kinds.get(element(one), 0)
    except BadInputError:
        return None
    for size in reversed(sizes):
        value = [value] * size
    return json.loads(json.dumps(value))


def schemas() -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return what swagger says of the body and of the result."""
    inputs, outputs = held["session"].get_inputs(), held["session"].get_outputs()
    takes = {
        "type": "object",
        "required": [one.name for one in inputs],
        "properties": {one.name: described(one) for one in inputs},
        "example": {one.name: example(one) for one in inputs},
    }
    gives = {
        "type": "object",
        "properties": {one.name: described(one) for one in outputs},
        "example": {},
    }
    return takes, gives

"""Tensors as bytes behind the JSON of a request, as Triton's clients send them by default. Pure."""

import struct
from collections.abc import Iterable
from typing import Any

LENGTH = b"inference-header-content-length"
"""The header that says how many bytes are JSON; the rest are tensors, in their order there."""
SIZE = "binary_data_size"
FORMATS = {
    "BOOL": "?",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
PREFIX = 4
"""Bytes that say how long an element of `BYTES` is."""


def cut(body: bytes, length: bytes | None) -> tuple[bytes, bytes]:
    """Cut a body into its JSON and its bytes. Raises ValueError."""
    if length is None:
        return body, b""
    if not length.isdigit() or int(length) > len(body):
        raise ValueError(f"`{LENGTH.decode()}` is no length of a part of the body")
    return body[: int(length)], body[int(length) :]


def fill(tensors: Iterable[dict[str, Any]], rest: bytes) -> None:
    """Write the values of the tensors that came as bytes into their `data`. Raises ValueError."""
    start = 0
    for tensor in tensors:
        size = tensor.get("parameters", {}).get(SIZE)
        if size is None:
            continue
        if not isinstance(size, int) or not 0 <= size <= len(rest) - start:
            raise ValueError(f"`{tensor['name']}` asks for more bytes than there are")
        tensor["data"] = values(rest[start : start + size], tensor["datatype"])
        start += size
    if start != len(rest):
        raise ValueError(f"{len(rest) - start} bytes belong to no tensor")


def values(data: bytes, datatype: str) -> list[Any]:
    """Return the values of one tensor. Raises ValueError."""
    if datatype == "BYTES":
        return texts(data)
    if datatype not in FORMATS:
        raise ValueError(f"`{datatype}` has no binary form")
    letter = FORMATS[datatype]
    count, left = divmod(len(data), struct.calcsize(f"<{letter}"))
    if left:
        raise ValueError(f"{len(data)} bytes are no whole number of {datatype}")
    return list(struct.unpack(f"<{count}{letter}", data))


def texts(data: bytes) -> list[str]:
    """Return the elements of `BYTES`: each behind its length. Raises ValueError."""
    found, start = [], 0
    while start < len(data):
        size = int.from_bytes(data[start : start + PREFIX], "little")
        start += PREFIX
        if start + size > len(data):
            raise ValueError("an element of BYTES is cut short")
        found.append(data[start : start + size].decode("utf-8"))
        start += size
    return found

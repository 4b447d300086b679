"""What `run()` returned -> bytes for the client.

Knows numpy, pandas, pydantic and the like by their methods alone.
"""

import json
import sys
from enum import Enum
from typing import Any, Dict, Optional, Tuple

from .shims.headers import pairs

FAILED = "An unexpected error occurred in scoring script. Check the logs for more info."
NOT_FINITE = (
    "The result of run() holds NaN or Infinity, which JSON cannot express. "
    "Set `serving.not_finite` to `null` to send null instead."
)
NOT_JSON = "The result of run() cannot be written as JSON: {}"
FLAG = "x-ms-run-function-failed"
OWN = {FLAG, "content-length", "transfer-encoding", "connection"}
DEEPEST = 500


class UnwritableError(Exception):
    """The result cannot be sent; the words are for the client."""


def body(result: Any, *, nulls: bool = False) -> bytes:
    """Write a result as JSON; nothing at all becomes `{}`, as in v1.

    NaN and the infinities become null where `nulls` says so.
    """
    if result is None:
        return b"{}"
    try:
        return ENCODER.encode(result).encode()
    except RecursionError:
        raise UnwritableError(NOT_JSON.format("it is nested too deeply")) from None
    except (ValueError, TypeError):
        return slowly(result, nulls=nulls)


def slowly(result: Any, *, nulls: bool) -> bytes:
    """Write what needs to be turned into plain Python first, keys and numbers too."""
    try:
        return json.dumps(simple(result, nulls, 0), allow_nan=False).encode()
    except RecursionError:
        raise UnwritableError(NOT_JSON.format("it is nested too deeply")) from None
    except ValueError as error:
        if "Out of range" in str(error):
            raise UnwritableError(NOT_FINITE) from None
        raise UnwritableError(NOT_JSON.format(error)) from None
    except TypeError as error:
        raise UnwritableError(NOT_JSON.format(error)) from None


def simple(value: Any, nulls: bool, depth: int) -> Any:  # noqa: FBT001 - passed on at each step
    """Return a value made of what JSON has."""
    if depth > DEEPEST:
        raise RecursionError
    if isinstance(value, float):
        # Not equal to itself: NaN. Its difference with itself is none: infinite.
        return None if nulls and value - value != 0 else float(value)
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, dict):
        return {key_of(key): simple(one, nulls, depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [simple(one, nulls, depth + 1) for one in value]
    return simple(plain(value), nulls, depth + 1)


def key_of(key: Any) -> Any:
    """Return the key of an object: numpy's numbers and times are keys too."""
    if key is None or isinstance(key, (str, int, float)):
        return key
    made = plain(key)
    return made if made is None or isinstance(made, (str, int, float)) else str(made)


def plain(value: Any) -> Any:
    """Turn an array, a frame, a model, a time or the like into plain Python, one step."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return value.to_dict(orient="records")
    if moment(value):
        return str(value) if str(value) == "NaT" else value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m"):
        return value.astype(str).tolist() if hasattr(value, "astype") else str(value)
    for method in ("tolist", "item", "model_dump", "dict", "isoformat"):
        convert = getattr(value, method, None)
        if callable(convert) and not isinstance(value, type):
            return convert()
    return other(value)


def moment(value: Any) -> bool:
    """Say whether a value is a date or a time; there is none where nobody imported them."""
    known = sys.modules.get("datetime")
    return isinstance(value, (getattr(known, "date", ()), getattr(known, "time", ())))


# `json.dumps` would make one for every request, which takes as long as a small result.
ENCODER = json.JSONEncoder(allow_nan=False, default=plain)


def other(value: Any) -> Any:
    """Turn what has no method for it: dataclasses, sets, decimals, pandas' NA."""
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None and not isinstance(value, type):
        return {name: getattr(value, name) for name in fields}
    if isinstance(value, (set, frozenset)):
        return list(value)
    kind = type(value).__name__
    if kind in ("Decimal", "Fraction"):
        return float(value)
    if kind in ("UUID", "PosixPath"):
        return str(value)
    if kind == "NAType":
        return None
    message = f"Object of type {kind} is not JSON serializable"
    raise TypeError(message)


def response(result: Any) -> Optional[Tuple[Dict[str, Any], bytes]]:
    """Take a whole HTTP response (ours or Flask's) apart; any other result is none."""
    status = getattr(result, "status_code", None)
    if not isinstance(status, int) or not callable(getattr(result, "get_data", None)):
        return None
    headers = pairs(result.headers)
    if not 200 <= status <= 599:
        raise UnwritableError(f"run() answered with status {status}, which is none.")
    if getattr(result, "direct_passthrough", False):  # Flask's send_file()
        result.direct_passthrough = False
    failed = any(name.lower() == FLAG and value == "True" for name, value in headers)
    meta = {
        "status": status,
        "headers": [pair for pair in headers if pair[0].lower() not in OWN],
        "failed": failed or status >= 500,
    }
    return meta, result.get_data()

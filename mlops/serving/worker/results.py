"""What `run()` returned -> bytes for the client. Knows numpy and pandas by their methods alone."""

import json
from typing import Any, Dict, Optional, Tuple

from .shims.rawhttp import pairs

FAILED = "An unexpected error occurred in scoring script. Check the logs for more info."
NOT_FINITE = "The result of run() holds NaN or Infinity, which JSON cannot express."
NOT_JSON = "The result of run() cannot be written as JSON: {}"


class UnwritableError(Exception):
    """The result cannot be sent; the words are for the client."""


def body(result: Any) -> bytes:
    """Write a result as JSON; nothing at all becomes `{}`, as in v1."""
    if result is None:
        return b"{}"
    try:
        return json.dumps(result, allow_nan=False, default=plain).encode()
    except ValueError as error:
        if "Out of range" in str(error):
            raise UnwritableError(NOT_FINITE) from None
        raise UnwritableError(NOT_JSON.format(error)) from None
    except RecursionError:
        raise UnwritableError(NOT_JSON.format("it is nested too deeply")) from None
    except TypeError as error:
        raise UnwritableError(NOT_JSON.format(error)) from None


def plain(value: Any) -> Any:
    """Turn an array, a series or a scalar of an array library into plain Python."""
    for method in ("tolist", "item"):
        convert = getattr(value, method, None)
        if callable(convert):
            return convert()
    message = f"Object of type {type(value).__name__} is not JSON serializable"
    raise TypeError(message)


def response(result: Any) -> Optional[Tuple[Dict[str, Any], bytes]]:
    """Take a whole HTTP response (ours or Flask's) apart; any other result is none."""
    status = getattr(result, "status_code", None)
    if not isinstance(status, int) or not callable(getattr(result, "get_data", None)):
        return None
    headers = pairs(result.headers)
    if not 200 <= status <= 599:
        raise UnwritableError(f"run() answered with status {status}, which is none.")
    failed = any(name.lower() == FLAG and value == "True" for name, value in headers)
    meta = {
        "status": status,
        "headers": [pair for pair in headers if pair[0].lower() not in OWN],
        "failed": failed or status >= 500,
    }
    return meta, result.get_data()


FLAG = "x-ms-run-function-failed"
OWN = {FLAG, "content-length", "transfer-encoding", "connection"}

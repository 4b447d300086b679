"""The `checks` of `settings.json`: what to ask, and what is wrong with an answer. Pure.

A check means what it means to `mlops test`, word for word; tests/check_cases.py holds both to it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .limits import UnfitError

LINE = 200
"""Characters of an answer that a reason shows."""


class Check(NamedTuple):
    """One request, as it goes over the wire, and what its answer must be."""

    name: str
    request: bytes
    status: int = 200
    json: Any = None
    tolerance: float = 0.0
    latency: float | None = None


class Reply(NamedTuple):
    """What came back: status, body, and the seconds that it took."""

    status: int
    body: bytes
    seconds: float


def checks(given: Iterable[Mapping[str, Any]], key: str) -> tuple[Check, ...]:
    """Read the `checks` block; each request bears the key, if there is one."""
    return tuple(check(one, key) for one in given)


def check(given: Mapping[str, Any], key: str) -> Check:
    """Read one check."""
    asked, expected = given.get("request", {}), given.get("expect", {})
    method, path = str(asked.get("method", "POST")), str(asked.get("path", "/score"))
    latency = expected.get("latency")
    return Check(
        name=f"`{method} {path}`",
        request=written(method, path, asked, key),
        status=int(expected.get("status", 200)),
        json=expected.get("json"),
        tolerance=float(expected.get("tolerance", 0.0)),
        latency=None if latency is None else float(latency),
    )


def written(method: str, path: str, asked: Mapping[str, Any], key: str) -> bytes:
    """Write a request as it goes over the wire."""
    body = b""
    if asked.get("json") is not None:
        body = json.dumps(asked["json"]).encode()
    elif asked.get("body") is not None:
        body = str(asked["body"]).encode()
    headers = {str(name): str(value) for name, value in asked.get("headers", {}).items()}
    told = {name.lower() for name in headers}
    if asked.get("json") is not None and "content-type" not in told:
        headers["content-type"] = "application/json"
    if key and "authorization" not in told:
        headers["authorization"] = f"Bearer {key}"
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if any("\n" in line or "\r" in line for line in lines):
        raise UnfitError(f"the check `{method} {path}` in `settings.json` breaks its own lines")
    return "\r\n".join([*lines, "", ""]).encode() + body


def wrong(check: Check, reply: Reply) -> list[str]:
    """Return what is not as expected: status or JSON, and latency."""
    found = misanswered(check, reply)
    if check.latency is not None and reply.seconds > check.latency:
        took, allowed = reply.seconds * 1000, check.latency * 1000
        found.append(f"{check.name} took {took:.0f} ms, expected {allowed:g} ms")
    return found


def misanswered(check: Check, reply: Reply) -> list[str]:
    """Return what is wrong with an answer itself, whenever it came."""
    if reply.status != check.status:
        text = line(reply.body.decode(errors="replace"))
        told = f": {text}" if text else ""
        return [f"{check.name} answered status {reply.status}, expected {check.status}{told}"]
    if check.json is None:
        return []
    try:
        found = json.loads(reply.body, parse_constant=refuse)
    except (ValueError, RecursionError):
        return [f"{check.name} answered no JSON: {line(reply.body.decode(errors='replace'))}"]
    difference = first_difference(check.json, found, check.tolerance)
    return [f"{check.name} answered {difference}"] if difference else []


def first_difference(expected: Any, found: Any, tolerance: float, path: str = "") -> str:
    """Return where and how two JSON values differ first; nothing if they do not.

    Numbers are equal within `tolerance`, whatever their type; true and false are no numbers.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        return of_objects(expected, found, tolerance, path)
    if isinstance(expected, list) and isinstance(found, list):
        return of_arrays(expected, found, tolerance, path)
    return "" if equal(expected, found, tolerance) else told(path, text(expected), text(found))


def of_objects(
    expected: Mapping[str, Any], found: Mapping[str, Any], tolerance: float, path: str
) -> str:
    """Compare field by field."""
    for key, value in expected.items():
        inner = f"{path}.{key}".lstrip(".")
        if key not in found:
            return told(inner, text(value), "nothing")
        difference = first_difference(value, found[key], tolerance, inner)
        if difference:
            return difference
    more = next((key for key in found if key not in expected), None)
    if more is None:
        return ""
    return told(f"{path}.{more}".lstrip("."), "nothing", text(found[more]))


def of_arrays(expected: Sequence[Any], found: Sequence[Any], tolerance: float, path: str) -> str:
    """Compare item by item, then the lengths."""
    for index, (value, other) in enumerate(zip(expected, found, strict=False)):
        difference = first_difference(value, other, tolerance, f"{path}[{index}]")
        if difference:
            return difference
    same = len(expected) == len(found)
    return "" if same else told(path, f"{len(expected)} items", f"{len(found)}")


def equal(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare two plain values."""
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        try:
            return expected == found or abs(expected - found) <= tolerance
        except OverflowError:  # an integer beyond every float
            return False
    return bool(expected == found)


def told(path: str, expected: str, found: str) -> str:
    """Say a difference."""
    return (f"{path}: " if path else "") + f"expected {expected}, found {found}"


def text(value: Any) -> str:
    """Show a JSON value on one line."""
    return line(json.dumps(value, ensure_ascii=False))


def line(value: str) -> str:
    """Return text as one line that can be printed, cut where it grows long."""
    joined = " ".join(value.split())
    joined = "".join(letter if letter.isprintable() else "?" for letter in joined)
    return joined if len(joined) <= LINE else f"{joined[:LINE]}…"


def refuse(constant: str) -> Any:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(f"{constant} is not JSON")

"""Asks a live service what the file expects of it: status, JSON, latency.

Answers problems and never raises for what a service does; follows no redirect, uses no proxy.
"""

import json
from collections.abc import Iterable, Mapping
from http.client import HTTPException

from mlops.abilities import HasKeys
from mlops.clients.http import Answer, ask
from mlops.errors import Problem
from mlops.plain import thaw
from mlops.protocols import Place
from mlops.spec import Check, Json
from mlops.values import Address

_LINE = 200
"""Characters of an answer that a message shows."""


def bearer(place: Place, address: Address) -> str:
    """Return a key that opens a service; nothing where it asks for none."""
    keys = place.keys(address) if isinstance(place, HasKeys) else {}
    return next(iter(keys.values()), "")


def run_checks(
    checks: Iterable[Check], endpoint: str, *, timeout: float = 60, trust: str = "", key: str = ""
) -> tuple[Problem, ...]:
    """Run every check, one after the other, and return what was not as expected."""
    return tuple(
        problem
        for check in checks
        for problem in run_check(check, endpoint, timeout=timeout, trust=trust, key=key)
    )


def run_check(
    check: Check, endpoint: str, *, timeout: float = 60, trust: str = "", key: str = ""
) -> tuple[Problem, ...]:
    """Run one check; the path of its request takes the place of the endpoint's own.

    `timeout` is in seconds, for each step of the connection; `trust` is the PEM file of the
    certificate that an https service shows.
    """
    name = f"`{check.request.method} {check.request.path}`"
    try:
        answer = ask(check.request, endpoint, timeout=timeout, trust=trust, key=key)
    except (OSError, HTTPException, ValueError) as error:
        return (_unanswered(check, f"{name} of `{endpoint}`", error, timeout),)
    found = _unexpected_status(check, name, answer) or _unexpected_json(check, name, answer)
    return (*found, *_too_slow(check, name, answer))


def _unanswered(check: Check, name: str, error: Exception, timeout: float) -> Problem:
    if isinstance(error, TimeoutError):
        reason = f"did not answer within {timeout:g} s"
    else:
        reason = f"got no answer: {_line(getattr(error, 'strerror', None) or error)}"
    return Problem(
        summary=f"{name} {reason}",
        where=check.where,
        hint="look at what the service says with `mlops logs`",
    )


def _unexpected_status(check: Check, name: str, answer: Answer) -> tuple[Problem, ...]:
    if answer.status == check.expect.status:
        return ()
    text = _line(answer.body.decode(errors="replace"))
    problem = Problem(
        summary=f"{name} answered status {answer.status}, expected {check.expect.status}"
        + (f": {text}" if text else ""),
        where=check.where,
        hint="look at what the service says with `mlops logs`",
    )
    return (problem,)


def _unexpected_json(check: Check, name: str, answer: Answer) -> tuple[Problem, ...]:
    if check.expect.json is None:
        return ()
    try:
        found = json.loads(answer.body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        difference: str | None = f"no JSON: {_line(answer.body.decode(errors='replace'))}"
    else:
        difference = first_difference(check.expect.json, found, check.expect.tolerance)
    if difference is None:
        return ()
    problem = Problem(
        summary=f"{name} answered {difference}",
        where=check.where,
        hint="correct the model or the code, or `expect` if this answer is right",
    )
    return (problem,)


def _too_slow(check: Check, name: str, answer: Answer) -> tuple[Problem, ...]:
    latency = check.expect.latency
    if latency is None or answer.seconds <= latency:
        return ()
    problem = Problem(
        summary=f"{name} took {answer.seconds * 1000:.0f} ms, expected {latency * 1000:g} ms",
        where=check.where,
        hint="make the service faster, or allow more in `expect.latency`",
    )
    return (problem,)


def first_difference(expected: Json, found: object, tolerance: float, path: str = "") -> str | None:
    """Return where and how two JSON values differ first, like `[0].label: expected 1, found 2`.

    Numbers are equal within `tolerance`, whatever their type; true and false are no numbers.
    """
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return _difference_of_objects(expected, found, tolerance, path)
    if isinstance(expected, (list, tuple)) and isinstance(found, (list, tuple)):
        return _difference_of_arrays(expected, found, tolerance, path)
    if _equal(expected, found, tolerance):
        return None
    return _told(path, _text(expected), _text(found))


def _difference_of_objects(
    expected: Mapping[str, Json], found: Mapping[str, object], tolerance: float, path: str
) -> str | None:
    for key, value in expected.items():
        inner = f"{path}.{key}".lstrip(".")
        if key not in found:
            return _told(inner, _text(value), "nothing")
        difference = first_difference(value, found[key], tolerance, inner)
        if difference:
            return difference
    for key in found:
        if key not in expected:
            return _told(f"{path}.{key}".lstrip("."), "nothing", _text(found[key]))
    return None


def _difference_of_arrays(
    expected: tuple[Json, ...] | list[Json],
    found: tuple[object, ...] | list[object],
    tolerance: float,
    path: str,
) -> str | None:
    for index, (value, other) in enumerate(zip(expected, found, strict=False)):
        difference = first_difference(value, other, tolerance, f"{path}[{index}]")
        if difference:
            return difference
    if len(expected) != len(found):
        return _told(path, f"{len(expected)} items", f"{len(found)}")
    return None


def _equal(expected: object, found: object, tolerance: float) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        try:
            return expected == found or abs(expected - found) <= tolerance
        except OverflowError:  # an integer beyond every float
            return False
    return expected == found


def _told(path: str, expected: str, found: str) -> str:
    return (f"{path}: " if path else "") + f"expected {expected}, found {found}"


def _text(value: object) -> str:
    return _line(json.dumps(thaw(value), ensure_ascii=False))


def _line(value: object) -> str:
    """Return `value` as one line of printable text, cut where it grows long."""
    text = " ".join(str(value).split())
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= _LINE else f"{text[:_LINE]}…"


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")

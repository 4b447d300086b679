"""JSON -> plain Python values of the kinds that `StandardPythonParameterType` samples have.

Mends what the released package gets wrong: dates (it fails on every one), base64 (it drops
characters it does not know), and whole floats where a whole number is asked for.
"""

import base64
import binascii
import datetime as dt
from typing import Any, Iterator, Tuple

from .refusals import BadInputError, at, kind, shown


def mended(value: Any, wanted: Any, path: str) -> Any:
    """Return what to hand to the parameter type `wanted` in the place of `value`."""
    sort = wanted.sample_data_type
    if sort is int and isinstance(value, float) and value == value and abs(value) < EXACT:  # noqa: PLR0124 - NaN
        if value != int(value):
            reason = f"a whole number is expected, {shown(value)} would lose its fraction"
            raise BadInputError(path, reason)
        return int(value)
    if sort is bool and not isinstance(value, bool):
        raise BadInputError(path, f"a boolean is expected, this is {shown(value)}")
    if sort in (bytes, bytearray):
        return sort(binary(value, path))
    if sort is dt.date:
        return date(value, path)
    return value


EXACT = 2.0**63


def binary(value: Any, path: str) -> bytes:
    """Read base64; line breaks are allowed, other strange characters are not."""
    if not isinstance(value, str):
        raise BadInputError(path, f"a base64 string is expected, this is {kind(value)}")
    try:
        return base64.b64decode("".join(value.split()).encode(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInputError(path, f"a base64 string is expected: {error}") from None


def date(value: Any, path: str) -> dt.date:
    """Read a day."""
    try:
        return dt.datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - no zone
    except (TypeError, ValueError):
        reason = f"a date like 2019-05-31 is expected, this is {shown(value)}"
        raise BadInputError(path, reason) from None


def moment(value: str) -> dt.datetime:
    """Read an ISO 8601 time on a day; Python 3.6 knows no fromisoformat()."""
    value = value[:-1] + "+0000" if value.endswith(("Z", "z")) else value
    if value[-3:-2] == ":" and value[-6:-5] in ("+", "-"):
        value = value[:-3] + value[-2:]
    value = value.replace(" ", "T", 1)
    for form in ("%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"):
        for zone in ("", "%z"):
            try:
                return dt.datetime.strptime(value, form + zone)  # noqa: DTZ007 - as said
            except ValueError:
                continue
    raise ValueError(value)


def clock(value: str) -> dt.time:
    """Read an ISO 8601 time of the day."""
    return moment("2000-01-01T" + value).timetz()


Misfit = Tuple[str, str]
"""The sentence, and the key that is missing (or nothing)."""


def misfits(value: Any, sample: Any, path: str) -> Iterator[Misfit]:
    """Yield where a value differs in form from a plain sample.

    Asked only after a script failed: what it can do without, it may be given without.
    """
    wanted = getattr(sample, "sample_input", sample)
    if isinstance(wanted, dict):
        if wanted:
            yield from unlike(value, wanted, path)
    elif isinstance(wanted, (list, tuple)):
        if not isinstance(value, (list, tuple)):
            yield f"`{path}`: an array is expected, this is {kind(value)}", ""
        elif len(wanted):
            for index, item in enumerate(value):
                yield from misfits(item, wanted[0], at(path, index))
    elif isinstance(wanted, (bool, int, float, str)) and not compatible(value, wanted):
        yield f"`{path}`: {kind(wanted)} is expected, this is {kind(value)}", ""


def unlike(value: Any, wanted: Any, path: str) -> Iterator[Misfit]:
    """Yield what an object lacks."""
    if not isinstance(value, dict):
        yield f"`{path}`: an object is expected, this is {kind(value)}", ""
        return
    for key, inner in wanted.items():
        if key in value:
            yield from misfits(value[key], inner, at(path, key))
        else:
            yield f"`{at(path, key)}` is missing", key


def compatible(value: Any, wanted: Any) -> bool:
    """Say whether a script that was written for `wanted` may expect to get `value`."""
    if isinstance(wanted, (int, float)):
        return isinstance(value, (int, float))
    return isinstance(value, type(wanted))

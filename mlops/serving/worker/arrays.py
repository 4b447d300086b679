"""JSON lists -> numpy arrays without loss: what does not fit is refused with its place.

Refused: fractions into integers, numbers out of range, cut strings, non-booleans into booleans,
a wrong shape, a missing field. Floats may lose digits; whole floats may become integers. Knows
numpy only through the sample's dtype, so that nothing is imported that the script did not import.
"""

import sys
from typing import Any, Optional, Sequence

from .refusals import BadInputError, at, kind, shown

INTEGERS, BOOLEAN, TEXTS = "iu", "b", "US"


def fit(value: Any, dtype: Any, shape: Optional[Sequence[int]], path: str) -> None:
    """Refuse a value that an array of this dtype and shape (free in its first size) cannot hold."""
    if not isinstance(value, list):
        raise BadInputError(path, f"an array is expected, this is {kind(value)}")
    if not surely(value, dtype, shape):
        items(value, dtype, None if shape is None else shape[1:], path)


def surely(value: Any, dtype: Any, shape: Optional[Sequence[int]]) -> bool:
    """Say whether the fast look is enough: plain numbers, all of the expected kind and shape."""
    numpy = sys.modules["numpy"]
    if dtype.kind not in "iuf" or shape is None:
        return False
    try:
        found = numpy.array(value)
    except Exception:  # noqa: BLE001 - the slow look says what is wrong
        return False
    if found.dtype.kind not in "if" or found.shape[1:] != tuple(shape[1:]):
        return False
    if found.ndim != len(shape):
        return False
    if dtype.kind == "f" or not found.size:
        return True
    limits = numpy.iinfo(dtype)
    whole = found.dtype.kind == "i" or bool((found == numpy.floor(found)).all())
    return bool(whole and found.min() >= limits.min and found.max() <= limits.max)


def items(value: Any, dtype: Any, shape: Optional[Sequence[int]], path: str) -> None:
    """Look at every item, down to the scalars; `shape` is that of one item, if it is known."""
    for index, item in enumerate(value):
        place = at(path, index)
        if shape is None:
            within(item, dtype, place)
        elif not shape:
            scalar(item, dtype, place)
        else:
            row(item, shape[0], place)
            items(item, dtype, shape[1:], place)


def row(item: Any, size: int, place: str) -> None:
    """Refuse what is no list of this size."""
    if not isinstance(item, list):
        raise BadInputError(place, f"an array of {size} is expected, this is {kind(item)}")
    if len(item) != size:
        raise BadInputError(place, f"{size} items are expected, there are {len(item)}")


def within(item: Any, dtype: Any, place: str) -> None:
    """Look at an item whose shape nobody enforces."""
    if isinstance(item, list) and not dtype.names:
        items(item, dtype, None, place)
    else:
        scalar(item, dtype, place)


def scalar(value: Any, dtype: Any, path: str) -> None:
    """Refuse one value that its place in the array cannot hold."""
    if dtype.names:
        record(value, dtype, path)
    elif dtype.subdtype is not None:
        row(value, dtype.subdtype[1][0], path)
        items(value, dtype.subdtype[0], dtype.subdtype[1][1:], path)
    elif dtype.kind == BOOLEAN:
        if not isinstance(value, bool):
            raise BadInputError(path, f"a boolean is expected, this is {shown(value)}")
    elif dtype.kind in INTEGERS:
        integer(value, dtype, path)
    elif dtype.kind == "f":
        number(value, path)
    elif dtype.kind in TEXTS:
        text(value, dtype, path)


def record(value: Any, dtype: Any, path: str) -> None:
    """Look at the fields of a structured item, given by name or in order."""
    if isinstance(value, dict):
        for name in dtype.names:
            if name not in value:
                raise BadInputError(at(path, name), "it is missing")
            scalar(value[name], dtype[name], at(path, name))
        return
    row(value, len(dtype.names), path)
    for index, name in enumerate(dtype.names):
        scalar(value[index], dtype[name], at(path, index))


def integer(value: Any, dtype: Any, path: str) -> None:
    """Refuse what an integer dtype would cut or turn over."""
    if isinstance(value, str):
        try:
            value = int(value)  # as numpy itself reads it
        except ValueError:
            raise BadInputError(
                path, f"a whole number is expected, this is {shown(value)}"
            ) from None
    if not isinstance(value, (int, float)):
        raise BadInputError(path, f"a whole number is expected, this is {kind(value)}")
    if value != value or value in (INFINITE, -INFINITE) or value != int(value):  # noqa: PLR0124 - NaN
        reason = f"a whole number is expected, {shown(value)} would lose its fraction"
        raise BadInputError(path, reason)
    limits = sys.modules["numpy"].iinfo(dtype)
    if not limits.min <= value <= limits.max:
        raise BadInputError(path, f"{shown(value)} is out of the range of {dtype.name}")


INFINITE = float("inf")


def number(value: Any, path: str) -> None:
    """Refuse what is no number; null is read as NaN, as numpy does."""
    if value is None or isinstance(value, (int, float)):
        return
    try:
        float(value)
    except (TypeError, ValueError):
        reason = f"a number is expected, this is {shown(value)}"
        raise BadInputError(path, reason) from None


def text(value: Any, dtype: Any, path: str) -> None:
    """Refuse a string that its dtype would cut."""
    if isinstance(value, (list, dict)):
        raise BadInputError(path, f"a string is expected, this is {kind(value)}")
    room = dtype.itemsize // (4 if dtype.kind == "U" else 1)
    if room and len(str(value)) > room:
        raise BadInputError(path, f"{shown(value)} is longer than {room} characters")

"""The core scalars of YAML 1.2: which plain text is a number, true, false or nothing.

`yes`, `on`, dates and `12:30:00` are text here, unlike in YAML 1.1.
"""

import math
import re
from typing import Any, Final

CORE: Final = "tag:yaml.org,2002:"
"""What the tags `!!str`, `!!int` and their like stand for."""

DIGITS: Final = 40
"""The longest whole number that is read as a number."""

_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NUMERIC = frozenset("+-.0123456789")


class ScalarError(ValueError):
    """A scalar looks like a number that JSON cannot hold, or does not fit its tag."""


def plain(text: str) -> Any:
    """Return what unquoted text means. Raises ScalarError for numbers that JSON cannot hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _NO_NUMBER.fullmatch(text):
        raise ScalarError(f"`{text}` is a number that JSON cannot hold")
    if _WHOLE.fullmatch(text):
        return _whole(text)
    return _float(text) if _FLOAT.fullmatch(text) else text


def tagged(tag: str, text: str) -> Any:
    """Return what text with an explicit tag means. Raises ScalarError where it does not fit."""
    name = tag.removeprefix(CORE)
    if tag == "!" or name == "str":
        return text
    value = plain(text)
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, (int, float)) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "null": value is None,
    }
    if not fits.get(name, False):
        raise ScalarError(f"`{text}` does not fit the tag `!!{name}`")
    return float(value) if name == "float" else value


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ScalarError(f"a number of {len(text)} digits is too long")
    if text[:2] in {"0o", "0x"}:
        return int(text, 0)
    return int(text, 10)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ScalarError(f"`{text}` is a number that JSON cannot hold")
    return value

"""Transfers, times, counts, addresses and plain values in words for people."""

import json
import re
from collections.abc import Mapping

from mlops.plain import thaw
from mlops.references import place_of
from mlops.spec import Json
from mlops.units import size
from mlops.views.paper import plain

DIGEST = re.compile(r"(?:sha256:)?\b([0-9a-f]{12})[0-9a-f]{52}\b")
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)")
BARE = re.compile(r"[\w./:@+=,~^*<>\[\]-]+")
LITERALS = ("true", "false", "null", "(none)", "->")
SCORE = "/score"
SWAGGER = "/swagger.json"


def bytes_of(done: int, total: int) -> str:
    """Return how far a transfer is: `120 MB of 200 MB`, `120 MB` where the end is unknown."""
    return f"{size(done)} of {size(total)}" if total else size(done)


def duration(seconds: float) -> str:
    """Return a time in words: `1.2 s`, `45 s`, `2 min 5 s`, `1 h 3 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 file`, `3 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def value(given: Json) -> str:
    """Return a plain value as one would write it: text is quoted only where it must be."""
    if given is None:
        return "(none)"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        return _text(given)
    if place_of(given):
        return f"secret {place_of(given)}"
    if isinstance(given, (Mapping, tuple)):
        return short(plain(json.dumps(thaw(given), ensure_ascii=False)))
    return str(given)


def short(text: str) -> str:
    """Return `text` with every sha256 digest shortened to 12 hex digits."""
    return DIGEST.sub(r"\1", text)


def moment(text: str) -> str:
    """Return a UTC time stamp to the minute: `2026-07-01 12:30Z`; other text as it is."""
    found = TIME.fullmatch(text)
    return f"{found[1]} {found[2]}Z" if found else text


def swagger(endpoint: str) -> str:
    """Return the address of the description that stands beside a scoring address."""
    return endpoint.removesuffix(SCORE) + SWAGGER


def _text(given: str) -> str:
    bare = short(given)
    if BARE.fullmatch(bare) and bare not in LITERALS and (bare != given or not _number(given)):
        return bare
    return plain(json.dumps(bare, ensure_ascii=False))


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

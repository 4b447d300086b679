"""Plain JSON values: how they are frozen, written in one canonical way, and fingerprinted."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any


class Frozen(Mapping[str, Any]):
    """A mapping that nobody can change, so that a frozen value may hold it, and hash it."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Any]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


NOTHING: Mapping[str, Any] = Frozen({})


def freeze(value: Any) -> Any:
    """Return `value`, which came from JSON or YAML, with every list and mapping made read-only."""
    if isinstance(value, Mapping):
        return Frozen({key: freeze(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:
    """Return a frozen value as the lists and dictionaries that a JSON writer takes."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [thaw(item) for item in value]
    return value


def canonical(value: Any) -> bytes:
    """Return the one way to write a plain value: sorted keys, no spaces, UTF-8."""
    text = json.dumps(thaw(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def fingerprint(value: Any) -> str:
    """Return 16 hex digits that tell one plain value from another, without showing it."""
    return hashlib.sha256(canonical(value)).hexdigest()[:16]

"""Tells two sets of fields apart for people, into the depth of nested values. Decides nothing.

The planner has a comparison of its own, which asks only whether a field differs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from mlops.plain import canonical, freeze, thaw
from mlops.spec import Fields, Json


class Difference(Struct, frozen=True, kw_only=True):
    """A field, or a part of one, that is another; None is absent."""

    path: str
    before: Json
    after: Json


def differences(before: Fields, after: Fields) -> Iterator[Difference]:
    """Yield what differs, by path; of two lists or mappings only the parts that do."""
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if canonical(old) == canonical(new):
            continue
        if _is_nested(old) and _is_nested(new):
            yield from _within(path, old, new)
        else:
            yield Difference(path=path, before=old, after=new)


def _is_nested(value: Json) -> bool:
    return isinstance(value, (Mapping, tuple))


def _within(path: str, old: Json, new: Json) -> Iterator[Difference]:
    """Yield the parts of two nested values that differ."""
    from deepdiff import DeepDiff  # noqa: PLC0415  0.1 s, for nested values alone

    found = DeepDiff(thaw(old), thaw(new), view="tree")
    for change in sorted((each for some in found.values() for each in some), key=_place):
        yield Difference(
            path=path + _place(change), before=_known(change.t1), after=_known(change.t2)
        )


def _place(change: Any) -> str:
    """Return the steps to a part, as `.limits.cpu` and `[2]`."""
    steps = change.path(output_format="list")
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _known(value: object) -> Json:
    """Return a value; what the library calls not present is None."""
    plain: Json = None if type(value).__name__ == "NotPresent" else freeze(value)
    return plain

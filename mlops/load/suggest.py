"""Finds what people most likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12
_LONG = 200
_APART = 8
_COMPARED = 100
"""Comparing costs about 15 microseconds a name; who has more names knows how to search."""


def suggestion(name: str, known: Iterable[str], otherwise: str, verb: str = "there are") -> str:
    """Return a hint: the nearest of `known` names, then all of them; without any, `otherwise`."""
    names = sorted(known)
    if not names:
        return otherwise
    near = nearest(name, names)
    listed = ", ".join(names[:_SHOWN])
    if len(names) > _SHOWN:
        listed += f" and {len(names) - _SHOWN} more"
    if verb == "there are" and len(names) == 1:
        verb = "there is only"
    return f"did you mean `{near}`? {verb} {listed}" if near else f"{verb} {listed}"


def lowered(text: str) -> str:
    """Return a sentence as the second half of a hint: `TCP port` stays as it is."""
    text = text.rstrip(".")
    return text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is nearest to `name`, if one is near enough."""
    if len(name) > _LONG:
        return None
    by_folded = {item.lower().replace("-", "_"): item for item in known}
    folded = name.lower().replace("-", "_")
    if folded in by_folded:
        return by_folded[folded]
    candidates = [item for item in by_folded if abs(len(item) - len(folded)) <= _APART]
    near = get_close_matches(folded, candidates[:_COMPARED], n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None

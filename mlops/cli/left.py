"""Targets that earlier runs used and the file no longer names, or names with other settings.

They are looked at as long as nobody forgets them, so that what was made there can be removed.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mlops.hashing import digest_json, short
from mlops.plain import thaw
from mlops.protocols import Target
from mlops.spec import Fields
from mlops.store.revisions import UsedTarget
from mlops.targets.table import TARGETS

Make = Callable[[str, str, Any], Target]


def left_targets(known: Iterable[UsedTarget], used: Fields, make: Make) -> Mapping[str, Target]:
    """Return each target that was left, made by `make(name, kind, settings)`.

    One whose name now means another place gets a name of its own: `lab@1a2b3c4d`.
    """
    left = [
        one
        for one in known
        if one.kind in TARGETS
        and used.get(one.name) != {"kind": one.kind, "settings": one.settings}
    ]
    return {
        (name := left_name(one, used)): make(
            name, one.kind, TARGETS[one.kind].Settings(**thaw(one.settings))
        )
        for one in left
    }


def left_name(one: UsedTarget, used: Fields) -> str:
    """Return the name of a place that was left."""
    if one.name not in used:
        return one.name
    return f"{one.name}@{short(digest_json(one.settings))[:8]}"

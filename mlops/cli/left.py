"""Targets that earlier runs used and the file no longer names, or names with other settings.

They are looked at as long as nobody forgets them, so that what was made there can be removed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from mlops.cli.kinds import KINDS
from mlops.errors import Problem, TargetError
from mlops.hashing import digest_json, short
from mlops.plain import thaw
from mlops.protocols import Target
from mlops.store.revisions import UsedTarget

Make = Callable[[str, str, Any], Target]


def left_targets(
    known: Iterable[UsedTarget], used: Mapping[str, Target], make: Make
) -> Mapping[str, Target]:
    """Return each target that was left, made by `make(name, kind, settings)`.

    One that the file still has under some name was not left.
    """
    left: dict[str, Target] = {}
    seen = {target.identity for target in used.values()}
    for one in known:
        name = left_name(one, used)
        target = make(name, one.kind, _settings(one))
        if target.identity not in seen:
            seen.add(target.identity)
            left[name] = target
    return left


def left_name(one: UsedTarget, used: Collection[str]) -> str:
    """Return the name of a place that was left: `lab`, or `lab@1a2b3c4d` if `lab` is taken."""
    if one.name not in used:
        return one.name
    return f"{one.name}@{short(digest_json(one.settings))[:8]}"


def _settings(one: UsedTarget) -> Any:
    """Return the settings of a target as its row has them. Raises TargetError for a stranger."""
    try:
        return KINDS.targets[one.kind].Settings(**thaw(one.settings))
    except (KeyError, TypeError) as error:
        raise TargetError(
            Problem(
                summary=f"the target `{one.name}` of an earlier run can't be looked at: this"
                f" version knows no such `{one.kind}` target",
                hint="use the version that made it, or `mlops forget` it: what runs there stays",
            )
        ) from error

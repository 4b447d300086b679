"""A plan as something to agree to: its digest, its file, and what is another plan. Pure.

The digest covers what will happen, never when, why, or by which commit: so it survives a squash
merge, and names the same plan on every machine that sees the same live world.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from mlops.diff import IMPACTS, worst
from mlops.errors import Problem, SpecError
from mlops.plain import canonical, fingerprint
from mlops.references import bare
from mlops.selection import Selection
from mlops.spec import Fields
from mlops.values import Action, Change, Desired, Impact, Observed, Plan

FORMAT = 1
"""Counts up when a key of the file changes its meaning or goes."""

WHOLE = (Action.CREATE, Action.REPLACE)
"""Whoever agreed to these agreed to any way to the same end that is no replace or delete."""


class Item(Struct, frozen=True, kw_only=True):
    """One change, as far as one agrees to it.

    `digest` covers all of it, `after` what the thing will be. `identity` and `seen` tell the
    live object and its fields at the time of the plan; they are no part of the digest.
    """

    address: str
    action: str
    impact: str
    digest: str
    after: str
    identity: str = ""
    seen: str = ""


class Agreed(Struct, frozen=True, kw_only=True):
    """A plan that somebody agreed to: its digest, and what it is made of."""

    digest: str
    items: tuple[Item, ...]


def agreed(plan: Plan) -> Agreed:
    """Return what one agrees to with a plan."""
    items = tuple(
        sorted(
            (_item(plan, change) for change in plan.pending if _planned(change)),
            key=lambda item: item.address,
        )
    )
    whole = {"project": plan.project, "items": [item.digest for item in items]}
    return Agreed(digest=_sha256(whole), items=items)


def plan_digest(plan: Plan) -> str:
    """Return the 64 hex digits that name what a plan will do; nothing where it can't be known."""
    return "" if plan.unobserved else agreed(plan).digest


def differences(old: Agreed, new: Agreed) -> tuple[Problem, ...]:
    """Return a problem for each item by which the plan now differs from the one agreed to.

    Where only the live object is another one than it was, `moved` tells it.
    """
    before = {item.address: item for item in old.items}
    after = {item.address: item for item in new.items}
    return tuple(
        _problem(address, before.get(address), after.get(address))
        for address in sorted({*before, *after})
        if before.get(address) is None
        or after.get(address) is None
        or (
            before[address].digest != after[address].digest
            and not _only_moved(before[address], after[address])
        )
    )


def moved(old: Agreed, new: Agreed) -> tuple[Problem, ...]:
    """Return a problem for each live object that is another one, or has other fields, by now."""
    after = {item.address: item for item in new.items}
    return tuple(
        Problem(
            summary=f"`{item.address}` moved since it was planned: {_moved(item, now)}",
            hint="plan again, and look at it",
        )
        for item in old.items
        if (now := after.get(item.address))
        and (now.identity, now.seen) != (item.identity, item.seen)
    )


def beyond(old: Agreed, new: Agreed) -> tuple[Problem, ...]:
    """Return a problem for each item that goes beyond what was agreed to.

    A part of the agreed plan is within it: the rest was done before the run was cut short.
    """
    before = {item.address: item for item in old.items}
    return tuple(
        _problem(item.address, before.get(item.address), item)
        for item in new.items
        if item.address not in before or not _within(before[item.address], item)
    )


def plan_document(plan: Plan, selection: Selection, lineage: Fields) -> Fields:
    """Return the file of a plan: what was agreed to, of what part of the file, and whence."""
    whole = agreed(plan)
    chosen = {"targets": selection.targets, "exclude": selection.exclude, "retry": selection.retry}
    return {
        "format_version": FORMAT,
        "project": plan.project,
        "digest": whole.digest,
        "selection": chosen,
        "lineage": lineage,
        "items": tuple(asdict(item) for item in whole.items),
    }


def read_plan(text: str, name: str) -> tuple[str, Agreed, Selection]:
    """Return the project of a plan file, what was agreed to, and of what. Raises SpecError."""
    try:
        record = json.loads(text)
        if record["format_version"] != FORMAT:
            raise ValueError("another version")  # noqa: TRY301  told below, as all that is wrong
        chosen = Selection(
            targets=tuple(record["selection"]["targets"]),
            exclude=tuple(record["selection"]["exclude"]),
            retry=tuple(record["selection"]["retry"]),
        )
        return str(record["project"]), agreed_of(record), chosen
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise SpecError(
            Problem(
                summary=f"`{name}` is no plan of this version",
                hint=f"write one with `mlops plan --out {name}`",
            )
        ) from error


def agreed_record(whole: Agreed) -> Fields:
    """Return what was agreed to as plain JSON, as the store keeps it."""
    return {"digest": whole.digest, "items": tuple(asdict(item) for item in whole.items)}


def agreed_of(record: Mapping[str, Any]) -> Agreed:
    """Return what a record or a file says was agreed to. Raises KeyError, TypeError, ValueError."""
    items = tuple(Item(**item) for item in record["items"])
    return Agreed(digest=str(record["digest"]), items=items)


def _planned(change: Change) -> bool:
    """Tell whether a plan could know of a change: not of a secret whose place is what it was."""
    return not change.fields or any(each.before != each.after for each in change.fields)


def _impact(change: Change) -> Impact:
    """Return the impact of what a plan could know."""
    if all(each.before != each.after for each in change.fields):
        return change.impact
    return worst(tuple(each.impact for each in change.fields if each.before != each.after))


def _item(plan: Plan, change: Change) -> Item:
    where = plan.identities.get(change.address.place, "")
    loose = (*(change.after.loose if change.after else ()), *(one.path for one in change.ignored))
    before = _fields(change.before, loose)
    after = _fields(change.after, loose)
    protect = bool(change.after and change.after.protect)
    end = {"place": where, "address": str(change.address), "fields": after, "protect": protect}
    whole = {
        "end": end,
        "project": plan.project,
        "action": change.action.value,
        "impact": _impact(change).value,
        "before": before,
    }
    return Item(
        address=str(change.address),
        action=change.action.value,
        impact=_impact(change).value,
        digest=_sha256(whole),
        after=_sha256(end),
        identity=change.before.identity if change.before else "",
        seen=fingerprint(before) if before is not None else "",
    )


def _fields(thing: Observed | Desired | None, loose: tuple[str, ...]) -> Fields | None:
    """Return the fields that count: what is ignored and a tag that tells the commit do not."""
    if thing is None:
        return None
    return {path: bare(value) for path, value in thing.fields.items() if path not in loose}


def _within(old: Item, new: Item) -> bool:
    """Tell whether an item leads to the agreed end, by nothing stronger."""
    if old.after != new.after:
        return False
    if Action(new.action) in (Action.REPLACE, Action.DELETE):
        return old.action == new.action
    if Action(old.action) in WHOLE:
        return True
    return IMPACTS.index(Impact(new.impact)) <= IMPACTS.index(Impact(old.impact))


def _problem(address: str, old: Item | None, new: Item | None) -> Problem:
    if old is None and new is not None:
        said = f"`{new.action}` was not in the plan that was agreed to"
    elif new is None and old is not None:
        said = f"`{old.action}` was agreed to, and there is nothing to do any more"
    elif old and new and old.action != new.action:
        said = f"`{old.action}` was agreed to, and it is `{new.action}` now"
    elif old and new and old.after != new.after:
        said = "it would become something else than what was agreed to"
    else:
        said = "what it does differs from what was agreed to"
    return Problem(summary=f"`{address}`: {said}")


def _only_moved(old: Item, new: Item) -> bool:
    """Tell whether an item does the same to a live object that is no longer what it was."""
    return (old.action, old.after) == (new.action, new.after) and old.seen != new.seen


def _moved(old: Item, new: Item) -> str:
    if not new.identity:
        return "it is gone, or stopped"
    return "it is another object" if old.identity != new.identity else "its fields changed"


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()

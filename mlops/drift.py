"""Tells what somebody else did from what the file wants, and from what is known. Pure."""

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from mlops.diff import worst
from mlops.drifted import Drift, Known
from mlops.plain import fingerprint
from mlops.plan import reason, was_there
from mlops.policy import ignored
from mlops.references import bare
from mlops.spec import IgnoreRule
from mlops.values import Action, Address, Applied, Cause, Change, FieldChange, Plan

SOMEBODY = (Cause.DRIFT, Cause.BOTH)
"""Causes that tell of somebody else."""


def drifted(
    whole: Plan, applied: Mapping[Address, Applied], rules: tuple[IgnoreRule, ...] = ()
) -> Drift:
    """Return only what somebody else changed since it was last applied, but for what is ignored."""
    found = (_drift(change, applied, rules) for change in whole.changes)
    ahead = [change for change in whole.pending if _is_ahead(change, applied)]
    return Drift(
        plan=Plan(
            project=whole.project,
            store=whole.store,
            changes=tuple(change for change in found if change is not None),
            notes=whole.notes,
            calls=whole.calls,
            unobserved=whole.unobserved,
        ),
        ahead=sum(change.address.kind == "service" for change in ahead),
    )


def pieces(drift: Drift) -> tuple[Known, ...]:
    """Return all that a baseline would name, sorted."""
    told = {piece for change in drift.plan.pending for piece in _pieces(change)}
    return tuple(sorted({*told, *drift.known}))


def without(drift: Drift, baseline: Collection[Known]) -> Drift:
    """Return the drift that a baseline does not name: by address, field and live value."""
    names = frozenset(baseline)
    found = {piece for change in drift.plan.pending for piece in _pieces(change)}
    changes = tuple(_untold(change, names) for change in drift.plan.changes)
    plan = replace(drift.plan, changes=changes)
    return replace(drift, plan=plan, known=tuple(sorted(found & names)))


def _drift(
    change: Change, applied: Mapping[Address, Applied], rules: tuple[IgnoreRule, ...]
) -> Change | None:
    """Return what of `change` is drift, a kept thing if nothing is; None for what never was."""
    if change.action is Action.CREATE:
        return change if _is_lost(change, applied) else None
    fields = tuple(field for field in change.fields if field.cause in SOMEBODY)
    # what the service's own change would mend in passing is let be here, as the rule says
    passing = ignored(change.address, _drift_alone(fields), rules)
    paths = {one.path for one in passing}
    left = tuple(field for field in fields if field.path not in paths)
    return _only(replace(change, ignored=(*change.ignored, *passing)), left)


def _drift_alone(fields: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(field for field in fields if field.cause is Cause.DRIFT)


def _only(change: Change, fields: tuple[FieldChange, ...]) -> Change:
    """Return a change of some of its fields; of none, a thing that is kept."""
    action = Action.KEEP if change.action is Action.DELETE or not fields else change.action
    return replace(
        change,
        action=action,
        reason=reason(fields),
        fields=fields,
        impact=worst(tuple(field.impact for field in fields)),
        downtime="",
    )


def _is_lost(change: Change, applied: Mapping[Address, Applied]) -> bool:
    """Tell whether somebody deleted what a change would make."""
    before = applied.get(change.address)
    if before is None or before.unfinished or change.after is None:
        return False
    return was_there(change.after, before)


def _is_ahead(change: Change, applied: Mapping[Address, Applied]) -> bool:
    """Tell whether a change is wanted whatever somebody else did."""
    if change.action is Action.CREATE:
        return not _is_lost(change, applied)
    return not change.fields or any(field.cause is not Cause.DRIFT for field in change.fields)


def _pieces(change: Change) -> Iterable[Known]:
    address = str(change.address)
    if not change.fields:
        return [Known(address=address)]
    return [_piece(address, field) for field in change.fields]


def _piece(address: str, field: FieldChange) -> Known:
    return Known(address=address, field=field.path, live=fingerprint(bare(field.before)))


def _untold(change: Change, names: Collection[Known]) -> Change:
    """Return a change without what is known."""
    if change.action is Action.KEEP:
        return change
    address = str(change.address)
    if not change.fields:
        return _only(change, ()) if Known(address=address) in names else change
    return _only(change, tuple(one for one in change.fields if _piece(address, one) not in names))

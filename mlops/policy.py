"""The limits that a plan must keep, and the drift that it lets be. Pure."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct

from mlops.errors import Problem
from mlops.ignored import Ignored
from mlops.references import place_of
from mlops.spec import IgnoreRule
from mlops.values import Action, Address, Cause, Change, FieldChange, Impact, Plan

FLEET = 10
"""From this many live services on, the share of removals is limited too."""

SHARE = 0.3
"""Largest share of a fleet that one plan may delete or replace without its count."""


COSTS = tuple(Impact)
"""From harmless to worst."""

STAYING = frozenset(
    ("tags", "description", "protect", "environment_variables", "serving", "resources", "scale")
)
"""Field groups that a place makes again as they are live. The rest, like code or a stopped process,
is made as the file says whenever a service changes."""


class Limits(Struct, frozen=True, kw_only=True):
    """What the person or the job that applies has agreed to."""

    deletes: int = 0


def check(plan: Plan, limits: Limits) -> tuple[Problem, ...]:
    """Return a problem for each limit that the plan breaks."""
    deletes = removals(plan)
    renamed = [change for change in plan.changes if _goes(change) and change.renamed]
    live = sum(1 for change in plan.changes if change.before is not None and _serving(change))
    if len(deletes) > limits.deletes:
        return (_too_many(len(deletes), live, limits),)
    replaced = [change for change in plan.changes if change.action is Action.REPLACE]
    touched = len(deletes) + len(replaced) + len(renamed)
    if live >= FLEET and touched > SHARE * live and touched > limits.deletes:
        share = f"{touched} of {live} services, over {SHARE:.0%}"
        return (
            Problem(
                summary=f"the plan deletes or replaces {share}",
                hint=f"run with `--allow-deletes {touched}` if you mean it",
            ),
        )
    return ()


def in_force(rules: Iterable[IgnoreRule], today: str) -> tuple[IgnoreRule, ...]:
    """Return the rules that have an effect on a day."""
    return tuple(rule for rule in rules if today <= rule.expires)


def expired(rules: Iterable[IgnoreRule], today: str) -> tuple[str, ...]:
    """Return a sentence for each rule that has none any more."""
    return tuple(
        f"the rule `{rule.name}` has no effect after {rule.expires}: {rule.reason} ({rule.owner})"
        for rule in rules
        if today > rule.expires
    )


def ignored(
    address: Address, fields: tuple[FieldChange, ...], rules: tuple[IgnoreRule, ...]
) -> tuple[Ignored, ...]:
    """Return which fields of a thing are let be: drift that a rule in force names.

    Where the thing changes for other reasons, only what its place can make as it is live stays.
    """
    matched = {field.path: rule for field in fields if (rule := _rule(address, field, rules))}
    alone = len(matched) == len(fields)
    return tuple(
        Ignored(path=field.path, live=field.before, wanted=field.after, rule=matched[field.path])
        for field in fields
        if field.path in matched and (alone or _stays(field))
    )


def _rule(address: Address, field: FieldChange, rules: Iterable[IgnoreRule]) -> IgnoreRule | None:
    """Return the first rule that names a drifted field, by itself or by its group."""
    if field.cause is not Cause.DRIFT:
        return None
    names = (field.path, field.path.partition(".")[0])
    return next(
        (
            rule
            for rule in rules
            if fnmatchcase(str(address), rule.address)
            and any(fnmatchcase(name, glob) for name in names for glob in rule.fields)
        ),
        None,
    )


def _stays(field: FieldChange) -> bool:
    secret = place_of(field.before) or place_of(field.after)
    return field.path.partition(".")[0] in STAYING and not secret


def strength(change: Change) -> Impact:
    """Return what a change costs at worst: a new service interrupts nobody, a removed one all."""
    if change.action is Action.DELETE:
        return Impact.REPLACE if _serving(change) else Impact.METADATA
    if change.action is Action.CREATE:
        return Impact.ROLLING if _serving(change) else Impact.NONE
    return change.impact


def stronger(plan: Plan, worst: Impact) -> tuple[Change, ...]:
    """Return the changes that cost more than `worst`."""
    limit = COSTS.index(worst)
    return tuple(change for change in plan.pending if COSTS.index(strength(change)) > limit)


def removals(plan: Plan) -> tuple[Change, ...]:
    """Return the deletes that count: those of services, but for protected and renamed ones."""
    return tuple(change for change in plan.changes if _goes(change) and not change.renamed)


def blocked(plan: Plan) -> dict[Address, str]:
    """Return the changes that protection forbids, with the reason. The others may go on.

    What a protected thing needs stays with it; so does its name.
    """
    kept = [
        change
        for change in plan.changes
        if change.action in (Action.DELETE, Action.REPLACE) and _protected(change)
    ]
    needed = {
        address: f"needed by {change.address}, which is protected"
        for change in kept
        if change.before is not None
        for address in change.before.needs
    }
    removed = {change.address for change in plan.changes if change.action is Action.DELETE}
    return {
        **{address: because for address, because in needed.items() if address in removed},
        **{
            change.renamed: f"{change.address} is protected, and keeps its name"
            for change in kept
            if change.renamed
        },
        **{change.address: "protected: apply `protect: false` first" for change in kept},
    }


def _too_many(deletes: int, live: int, limits: Limits) -> Problem:
    services = "1 service" if live == 1 else f"{live} services"
    return Problem(
        summary=f"the plan deletes {deletes} of {services} (allowed: {limits.deletes})",
        hint=f"run with `--allow-deletes {deletes}` if you mean it",
    )


def _goes(change: Change) -> bool:
    """Tell whether a service is deleted that nothing protects."""
    return change.action is Action.DELETE and _serving(change) and not _protected(change)


def _serving(change: Change) -> bool:
    return change.address.kind == "service"


def _protected(change: Change) -> bool:
    return change.before is not None and change.before.protect

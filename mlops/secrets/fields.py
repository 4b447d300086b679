"""What is told of the secrets of a change: where they are, and whether they are others. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from mlops.references import bare, place_of, secrets_of
from mlops.values import Action, Change, FieldChange

CHANGED = "a secret has another value"


def told(change: Change) -> Change:
    """Return a change whose fields say of a secret where it is, and whether it is another one.

    Such a field has the same value before and after: no plan knows of it, and no digest covers it.
    """
    if not any(place_of(each.before) or place_of(each.after) for each in change.fields):
        return change
    fields = tuple(_told(each) for each in change.fields)
    alone = all(each.before == each.after for each in fields)
    return replace(change, fields=fields, reason=CHANGED if alone else change.reason)


def uncompared(changes: Iterable[Change]) -> tuple[str, ...]:
    """Return a sentence for each service whose secrets only apply can compare."""
    return tuple(
        f"{change.address} {', '.join(paths)}: secret: compared at apply"
        for change in changes
        if change.after is not None and change.action is not Action.CREATE
        for paths in [_unpinned(change)]
        if paths
    )


def _unpinned(change: Change) -> list[str]:
    """Return the paths of the secrets whose value may change while their place stays."""
    changed = {each.path for each in change.fields}
    places = secrets_of(change.after.fields) if change.after else {}
    return [path for path, ref in places.items() if path not in changed and not _pinned(ref.secret)]


def _pinned(place: str) -> bool:
    """Tell whether a place names one version for good: `keyvault/VAULT/NAME/VERSION`."""
    return place.startswith("keyvault/") and place.count("/") == 3


def _told(each: FieldChange) -> FieldChange:
    before, after = place_of(each.before), place_of(each.after)
    new = f"secret {after}" if after else each.after_label
    return replace(
        each,
        before=bare(each.before),
        after=bare(each.after),
        before_label=f"secret {before}" if before else each.before_label,
        after_label="another value" if before and before == after else new,
    )

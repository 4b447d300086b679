"""Tells which making and which delete are one rename, stated by `renamed_from`. Pure.

The new service is made and checked, then the old one is deleted. Where the new one takes what the
old one holds, the old one goes first: that is a replace, and is said and counted as one.
"""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from mlops.claims import any_clash
from mlops.values import Action, Address, Change, Impact


def with_renames(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes, where the two sides of each rename name each other.

    Once the old service is gone, `renamed_from` means nothing.
    """
    given = {change.address: change for change in changes}
    for new in tuple(given.values()):
        old = _old(new, given.values())
        if old is not None:
            given[new.address] = _named(new, old)
            given[old.address] = replace(
                old, reason=f"renamed to `{new.address.name}`", renamed=new.address
            )
    return tuple(given.values())


def _old(new: Change, changes: Collection[Change]) -> Change | None:
    """Return the delete of what a service is renamed from; one at its own place before others."""
    name = new.after.renamed_from if new.after else ""
    found = [change for change in changes if name and _goes(change, name, new.address)]
    found.sort(key=lambda change: (change.address.place != new.address.place, change.address))
    return found[0] if found else None


def _goes(change: Change, name: str, new: Address) -> bool:
    """Tell whether a change deletes what has this name and is of the same kind."""
    named = (change.address.kind, change.address.name) == (new.kind, name)
    return named and change.action is Action.DELETE and change.renamed is None


def _named(new: Change, old: Change) -> Change:
    """Return the making of a renamed service, in words."""
    if new.action is not Action.CREATE:
        return replace(new, renamed=old.address)
    held = old.before.claims if old.before else ()
    takes = new.after is not None and any_clash(new.after.claims, held)
    name = old.address.name
    return replace(
        new,
        reason=f"renamed from `{name}`",
        renamed=old.address,
        impact=Impact.REPLACE if takes else new.impact,
        downtime=f"no answers from the stop of `{name}` to the end of init()" if takes else "",
    )

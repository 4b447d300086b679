"""What an earlier run changed, told against what was applied before it."""

from collections.abc import Iterator
from contextlib import suppress

from mlops.differences import differences
from mlops.errors import TargetError
from mlops.references import bare_fields
from mlops.services import served
from mlops.spec import Fields, Json
from mlops.store.revisions import Revision, Revisions
from mlops.values import Action, Desired


def past(revisions: Revisions, number: int) -> Fields:
    """Return a run in full: who, when, of which commit, and each field that it changed."""
    found = revisions.read(number)
    return {
        "revision": found.number,
        "at": found.at,
        "result": result(found),
        "lineage": found.lineage,
        "targets": tuple(found.targets),
        "changes": found.changes,
        "fields": tuple(_fields(revisions, found)),
        "services": {
            str(thing.address): ", ".join(served(thing.labels)) or thing.endpoint
            for thing in found.desired
            if thing.address.kind == "service"
        },
    }


def result(found: Revision) -> str:
    """Return in a word how a run ended."""
    if found.damaged:
        return "damaged"
    return "open" if found.outcome is None else str(found.outcome.get("result", "done"))


def _fields(revisions: Revisions, found: Revision) -> Iterator[Fields]:
    """Yield what a run changed of things that were there before."""
    wanted = {str(thing.address): thing for thing in found.desired}
    changed = {address for address in found.changes if address in wanted}
    for address, before in sorted(_before(revisions, found.number, changed).items()):
        after = wanted[address]
        for one in differences(bare_fields(before.fields), bare_fields(after.fields)):
            yield {
                "address": address,
                "field": one.path,
                "before": before.labels.get(one.path, one.before),
                "after": after.labels.get(one.path, one.after),
            }


def _before(revisions: Revisions, number: int, addresses: set[str]) -> dict[str, Desired]:
    """Return what the runs before one applied last, of what was there."""
    found: dict[str, Desired] = {}
    left = set(addresses)
    for earlier in range(number - 1, 0, -1):
        if not left:
            break
        with suppress(TargetError):  # no such run, or a damaged record: the one before tells
            run = revisions.read(earlier)
            made = {address for address in left if _is_applied(run, address)}
            left -= made
            wanted = {str(thing.address): thing for thing in run.desired}
            found |= {address: wanted[address] for address in made if address in wanted}
    return found


def _is_applied(run: Revision, address: str) -> bool:
    """Tell whether a run changed an address, and came to its end there."""
    sign: Json = run.changes.get(address)
    if sign is None or run.outcome is None:
        return False
    unfinished = run.outcome.get("unfinished", ())
    return sign in [action.value for action in Action] and address not in (
        unfinished if isinstance(unfinished, tuple) else ()
    )

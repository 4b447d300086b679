"""Which changes of a plan are asked for. Pure."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from msgspec import Struct
from msgspec.structs import replace

from mlops.claims import Holders, words
from mlops.errors import Problem, SpecError
from mlops.unobserved import Unobserved
from mlops.values import Action, Address, Change, Plan


class Selection(Struct, frozen=True, kw_only=True):
    """What to look at: addresses, names or places. Without `targets`, everything.

    `retry` names what is held and shall be tried again; `past_holds` is to try all of it.
    """

    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    retry: tuple[str, ...] = ()
    past_holds: bool = False


def selected(whole: Plan, selection: Selection) -> Plan:
    """Return the plan of what is selected and what it needs; the rest is left as it is.

    What the rest uses is not removed. Raises SpecError for a word that matches nothing, and where
    the rest holds a port that is wanted.
    """
    addresses = [change.address for change in whole.changes]
    unseen = {word for one in whole.unobserved for word in _words(one)}
    asked = (*selection.targets, *selection.exclude, *selection.retry)
    _check_matches([word for word in asked if word not in unseen], addresses, unseen)
    chosen = {
        address
        for address in addresses
        if not selection.targets or names(selection.targets, address)
    }
    chosen = _with_needs(chosen, whole.changes)
    chosen = {address for address in chosen if not names(selection.exclude, address)}
    left = [change for change in whole.changes if change.address not in chosen]
    used = {need for change in left if change.before for need in change.before.needs}
    changes = tuple(
        change
        for change in whole.changes
        if change.address in chosen
        and not (change.action is Action.DELETE and change.address in used)
    )
    _check_claims(changes, left)
    kept = {change.address for change in changes}
    left_out = tuple(address for address in addresses if address not in kept)
    unobserved = tuple(one for one in whole.unobserved if _asked_of(one, selection))
    return replace(whole, changes=changes, left_out=left_out, unobserved=unobserved)


def _words(one: Unobserved) -> set[str]:
    """Return what names a place that was not observed, or a service there."""
    whole = (f"{one.place}/service/{name}" for name in one.services)
    return {one.place, *one.services, *whole}


def _asked_of(one: Unobserved, selection: Selection) -> bool:
    """Tell whether a plan of what is selected has to know of a place."""
    if one.place in selection.exclude:
        return False
    return not selection.targets or not _words(one).isdisjoint(selection.targets)


def _check_claims(changes: Iterable[Change], left: Iterable[Change]) -> None:
    """Raise SpecError where a change wants what something holds that is left as it is."""
    live = [one.before for one in left if one.before is not None]
    held = Holders((claim, thing.address) for thing in live for claim in thing.claims)
    problems = [
        Problem(
            summary=f"`{change.address}` wants {words(claim)}, which `{holder}` holds,"
            " and that is left out",
            where=where,
            hint=f"select `{holder.name}` too",
        )
        for change in changes
        if change.after is not None and change.action is not Action.KEEP
        for claim, where in change.after.claims.items()
        for holder in held.of(claim)[:1]
    ]
    if problems:
        raise SpecError(*problems)


def _with_needs(chosen: set[Address], changes: Collection[Change]) -> set[Address]:
    """Return the chosen addresses and, again and again, what they need, and their other name."""
    needs = {
        change.address: (*change.needs, *((change.renamed,) if change.renamed else ()))
        for change in changes
    }
    todo = list(chosen)
    every = set(chosen)
    while todo:
        for address in needs.get(todo.pop(), ()):
            if address in needs and address not in every:
                every.add(address)
                todo.append(address)
    return every


def names(words: Iterable[str], address: Address) -> bool:
    """Tell whether one of the words names an address: whole, by its name, or by its place."""
    return any(word in (str(address), address.name, address.place) for word in words)


def _check_matches(
    words: Iterable[str], addresses: Collection[Address], others: Iterable[str]
) -> None:
    seen = {word for each in addresses for word in (str(each), each.name, each.place)}
    known = sorted({*seen, *others})
    problems = [
        Problem(summary=f"`{word}` names nothing of the plan", hint=_hint(word, known))
        for word in words
        if not any(names([word], address) for address in addresses)
    ]
    if problems:
        raise SpecError(*problems)


def _hint(word: str, known: Collection[str]) -> str:
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return "name an address, a service or a target; `mlops plan` shows the addresses"

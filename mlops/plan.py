"""Decides what to change, and in which order. Pure: no clock, no network, no files, no terminal."""

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from mlops.claims import Holders, any_clash, words
from mlops.diff import diff, worst
from mlops.errors import Problem, SpecError
from mlops.ignored import Ignored
from mlops.order import ordered
from mlops.plain import Frozen, fingerprint
from mlops.policy import ignored
from mlops.protocols import Place, Places
from mlops.references import bare
from mlops.renaming import with_renames
from mlops.spec import Fields, IgnoreRule, Json
from mlops.units import span
from mlops.values import (
    Action,
    Address,
    Applied,
    Cause,
    Change,
    Desired,
    FieldChange,
    Impact,
    Observed,
    Ownership,
)

REASONS = {
    Cause.CONFIG: "the file changed",
    Cause.MODEL: "another model",
    Cause.CODE: "the code changed",
    Cause.ENVIRONMENT: "another environment",
    Cause.DRIFT: "somebody changed it",
    Cause.BOTH: "the file changed, and somebody changed it",
    Cause.UNFINISHED: "an apply was cut short",
    Cause.UNKNOWN: "it differs from the file",
}

KEPT = "; protected, so it stays as it is"
"""What is said of a removal that protection forbids."""


def plan(
    desired: Iterable[Desired],
    observed: Iterable[Observed],
    applied: Mapping[Address, Applied],
    places: Places,
    rules: tuple[IgnoreRule, ...] = (),
    *,
    lenient: bool = False,
) -> tuple[Change, ...]:
    """Return every change in the order of execution, what is kept included.

    Nothing is planned for a place that is not among `places`: nobody looked there. Drift that one
    of the `rules` names is let be. Raises SpecError where a wanted name or port belongs to somebody
    else, unless it is `lenient`: for who looks, and makes nothing.
    """
    wanted = {thing.address: thing for thing in desired}
    seen = sorted(observed, key=lambda thing: thing.address)  # places tell them in any order
    ours = {thing.address: thing for thing in seen if thing.ownership is Ownership.OURS}
    others = tuple(thing for thing in seen if _foreign(thing, ours.values()))
    conflicts = () if lenient else check_conflicts(wanted.values(), others)
    problems = (*check_claims(wanted.values()), *conflicts)
    if problems:
        raise SpecError(*problems)
    made = [
        _change(thing, ours.get(thing.address), applied.get(thing.address), places, rules)
        for thing in wanted.values()
        if thing.address.place in places
    ]
    needed = {address for thing in others for address in thing.needs}
    removed = [
        _removal(thing, "not in the file" if wanted else "destroyed on request")
        for thing in ours.values()
        if thing.address not in wanted and thing.address not in needed
    ]
    return ordered(with_renames([*made, *removed]))


def in_the_way(desired: Iterable[Desired], observed: Iterable[Observed]) -> tuple[str, ...]:
    """Return a sentence for each wanted name or exclusive resource that is somebody else's."""
    seen = tuple(observed)
    ours = [thing for thing in seen if thing.ownership is Ownership.OURS]
    others = [thing for thing in seen if _foreign(thing, ours)]
    return tuple(problem.summary for problem in check_conflicts(desired, others))


def _foreign(thing: Observed, ours: Collection[Observed]) -> bool:
    """Tell whether a thing is somebody else's, not one of ours seen from another place."""
    return thing.ownership is not Ownership.OURS and not any(
        thing.identity == other.identity and any_clash(thing.claims, other.claims) for other in ours
    )


def compared(thing: Desired) -> Fields:
    """Return the fields that make a thing this thing: as a file says them, without loose ones."""
    return Frozen(
        {path: bare(value) for path, value in thing.fields.items() if path not in thing.loose}
    )


def check_claims(desired: Iterable[Desired]) -> tuple[Problem, ...]:
    """Return a problem for each exclusive resource that two things want, at whatever places."""
    problems = []
    given = tuple(desired)
    wanted = Holders((claim, thing) for thing in given for claim in thing.claims)
    order = {thing.address: number for number, thing in enumerate(given)}
    for thing in given:
        for claim, where in thing.claims.items():
            others = [
                each for each in wanted.of(claim) if order[each.address] < order[thing.address]
            ]
            problems += [
                Problem(
                    summary=f"{words(claim)} is wanted twice: `{other.address}` has it",
                    where=where,
                    hint="give one of them another one",
                )
                for other in others[:1]
            ]
    return tuple(problems)


def check_conflicts(desired: Iterable[Desired], others: Iterable[Observed]) -> tuple[Problem, ...]:
    """Return a problem for each wanted name or exclusive resource that is somebody else's."""
    names = {thing.address: thing for thing in others}
    held = Holders((claim, thing) for thing in others for claim in thing.claims)
    problems = []
    for thing in desired:
        if thing.address in names:
            problems.append(
                Problem(
                    summary=f"`{thing.address}` exists, and is {names[thing.address].state}",
                    where=thing.where,
                    hint="choose another name, or remove what is there by hand",
                )
            )
        problems += [
            Problem(
                summary=f"{words(claim)} is taken by {holder.state}",
                where=where,
                hint="choose another one, or end what holds it",
            )
            for claim, where in thing.claims.items()
            for holder in held.of(claim)[:1]
        ]
    return tuple(problems)


def notes(observed: Iterable[Observed]) -> tuple[str, ...]:
    """Return a sentence for each thing that is seen and left alone."""
    return tuple(
        f"{thing.address} is {thing.state}; it is left alone"
        for thing in observed
        if thing.ownership is not Ownership.OURS and not thing.claims
    )


def _change(
    thing: Desired,
    live: Observed | None,
    applied: Applied | None,
    places: Places,
    rules: tuple[IgnoreRule, ...],
) -> Change:
    if live is None:
        gone = "somebody deleted it" if was_there(thing, applied) else "not there yet"
        if applied and applied.unfinished:
            gone = REASONS[Cause.UNFINISHED]
        return Change(
            address=thing.address, action=Action.CREATE, reason=gone, after=thing, needs=thing.needs
        )
    place = places[thing.address.place]
    fields = diff(applied, live, thing, place.impact)
    counting = tuple(each for each in fields if each.path not in thing.loose or each.before is None)
    let_be = ignored(thing.address, counting, rules)
    thing, fields = _staying(thing, let_be), _rest(fields, let_be)
    if len(let_be) == len(counting):
        kept = {field.path: field.before for field in fields}
        thing, fields = replace(thing, fields=Frozen({**thing.fields, **kept})), ()
    impact = worst(tuple(field.impact for field in fields))
    return Change(
        address=thing.address,
        action=_action(fields, impact),
        reason=reason(fields) + (KEPT if live.protect and impact is Impact.REPLACE else ""),
        fields=fields,
        impact=impact,
        downtime=_downtime(place, impact, applied) if fields else "",
        before=live,
        after=thing,
        needs=thing.needs,
        ignored=let_be,
    )


def _downtime(place: Place, impact: Impact, applied: Applied | None) -> str:
    """Return what a change costs those who call the service, in words."""
    outage = f"about {span(applied.outage)}" if applied and applied.outage else "some seconds"
    return place.downtime.get(impact, "").format(outage=outage)


def filed(change: Change) -> Desired | None:
    """Return what a change makes as the file says it, where it lets something be as it is live."""
    if change.after is None:
        return None
    return _with(change.after, {one.path: one.wanted for one in change.ignored})


def _staying(thing: Desired, let_be: Iterable[Ignored]) -> Desired:
    return _with(thing, {one.path: one.live for one in let_be})


def _with(thing: Desired, values: Mapping[str, Json]) -> Desired:
    """Return a thing with other values of some fields; those that are None are absent."""
    if not values:
        return thing
    fields = {**thing.fields, **values}
    told = {path: value for path, value in fields.items() if value is not None}
    return replace(thing, fields=Frozen(told))


def _rest(fields: Iterable[FieldChange], let_be: Iterable[Ignored]) -> tuple[FieldChange, ...]:
    paths = {one.path for one in let_be}
    return tuple(field for field in fields if field.path not in paths)


def was_there(thing: Desired, applied: Applied | None) -> bool:
    """Tell whether a missing thing was applied. One with another digest is another thing."""
    if applied is None:
        return False
    digest = thing.fields.get("digest")
    return digest is None or applied.hashes.get("digest") == fingerprint(digest)


def _action(fields: tuple[FieldChange, ...], impact: Impact) -> Action:
    if not fields:
        return Action.KEEP
    return Action.REPLACE if impact is Impact.REPLACE else Action.UPDATE


def reason(fields: Iterable[FieldChange]) -> str:
    """Return in words why fields differ."""
    causes = dict.fromkeys(field.cause for field in fields)
    return ", ".join(REASONS[cause] for cause in causes)


def _removal(live: Observed, gone: str) -> Change:
    service = live.address.kind == "service"
    return Change(
        address=live.address,
        action=Action.DELETE,
        reason=gone + (KEPT if live.protect else "") if service else "nothing needs it",
        impact=Impact.REPLACE if service else Impact.NONE,
        before=live,
    )

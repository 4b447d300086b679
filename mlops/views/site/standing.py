"""What the pages tell, gathered from a plan, a drift and the revisions. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import zip_longest

from msgspec import Struct

from mlops.plain import NOTHING
from mlops.spec import Fields, Json
from mlops.store.revisions import Revision
from mlops.values import Action, Change, Desired, FieldChange, Plan
from mlops.views.words import short, value

AHEAD = {Action.KEEP: "", Action.CREATE: "to make", Action.DELETE: "to delete"}
"""What the file wants of a service that nobody else changed."""

GOOD, BAD = ("ready",), ("failed", "stopped", "gone", "unfit")
"""The states that are fine, and those that nobody wants."""


class Difference(Struct, frozen=True, kw_only=True):
    """A field that differs, its values in words."""

    path: str
    old: str
    new: str


class Service(Struct, frozen=True, kw_only=True):
    """One service as it stands."""

    name: str
    target: str
    state: str
    mood: str
    since: str
    age: str
    models: tuple[str, ...]
    endpoint: str
    protected: bool
    drift: tuple[Difference, ...]
    drifted: bool
    ahead: str
    fields: Mapping[str, str]


class Run(Struct, frozen=True, kw_only=True):
    """One revision: who made what of it, and what it changed."""

    number: int
    at: str
    who: str
    commit: str
    url: str
    result: str
    mood: str
    changes: tuple[tuple[str, str, tuple[Difference, ...]], ...]


def services(plan: Plan, drift: Plan, now: datetime) -> tuple[Service, ...]:
    """Return every service of a plan by target: first what somebody should look at."""
    found = {change.address: change for change in drift.pending}
    every = [
        _service(change, found.get(change.address), now)
        for change in plan.changes
        if change.address.kind == "service"
    ]
    return tuple(sorted(every, key=lambda one: (one.target, not _odd(one), one.name)))


def _odd(one: Service) -> bool:
    """Tell whether somebody should look at a service."""
    return one.drifted or one.mood == "bad"


def _service(change: Change, drift: Change | None, now: datetime) -> Service:
    live, wanted = change.before, change.after
    state = live.state or "live" if live else "gone" if drift else "not there yet"
    labels = live.labels if live else wanted.labels if wanted else NOTHING
    since = live.since if live else ""
    shown = live or wanted
    return Service(
        name=change.address.name,
        target=change.address.place,
        state=state,
        mood="good" if state in GOOD else "bad" if state in BAD else "dull",
        since=since,
        age=age(since, now),
        models=tuple(label for path, label in labels.items() if path.startswith("models.")),
        endpoint=shown.endpoint if shown else "",
        protected=live.protect if live else False,
        drift=tuple(_found(field) for field in drift.fields) if drift else (),
        drifted=drift is not None,
        ahead="" if drift else AHEAD.get(change.action, "to change"),
        fields=_worded(shown.fields, labels) if shown else NOTHING,
    )


def _found(field: FieldChange) -> Difference:
    """Return a field that drifted: what was applied, then what is there."""
    return Difference(
        path=field.path,
        old=short(field.after_label) or value(field.after),
        new=short(field.before_label) or value(field.before),
    )


def _worded(fields: Fields, labels: Mapping[str, Json]) -> Mapping[str, str]:
    return {path: str(labels.get(path) or value(item)) for path, item in sorted(fields.items())}


def runs(revisions: Sequence[Revision]) -> tuple[Run, ...]:
    """Return the revisions, newest first, each with what it changed since the one before."""
    return tuple(_run(found, before) for found, before in zip_longest(revisions, revisions[1:]))


def _run(found: Revision, before: Revision | None) -> Run:
    old = _by_address(before.desired if before else ())
    new = _by_address(found.desired)
    result = "damaged" if found.damaged else "open"
    if found.outcome is not None:
        result = str(found.outcome.get("result", "done"))
    dirty = "*" if found.lineage.get("dirty") else ""
    return Run(
        number=found.number,
        at=found.at,
        who=str(found.lineage.get("who") or ""),
        commit=str(found.lineage.get("commit") or "")[:10] + dirty,
        url=str(found.lineage.get("run_url") or ""),
        result=result,
        mood="good" if result == "done" else "bad" if result == "damaged" else "dull",
        changes=tuple(
            (str(sign), address, _between(old.get(address), new.get(address)))
            for address, sign in found.changes.items()
        ),
    )


def _by_address(things: Sequence[Desired]) -> Mapping[str, Desired]:
    return {str(thing.address): thing for thing in things}


def _between(old: Desired | None, new: Desired | None) -> tuple[Difference, ...]:
    """Return the fields that two revisions want differently; nothing for what came or went."""
    if old is None or new is None:
        return ()
    before, after = _worded(old.fields, old.labels), _worded(new.fields, new.labels)
    paths = sorted(before.keys() | after.keys())
    return tuple(
        Difference(path=path, old=before.get(path, "(none)"), new=after.get(path, "(none)"))
        for path in paths
        if before.get(path) != after.get(path)
    )


def age(since: str, now: datetime) -> str:
    """Return how long ago a time was, in words: `5 min`, `3 h`, `12 days`; empty if unknown."""
    try:
        then = datetime.fromisoformat(since.replace("Z", "+00:00"))
    except ValueError:
        return ""
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    passed = max(now - then, timedelta())
    if passed.days:
        return "1 day" if passed.days == 1 else f"{passed.days} days"
    hours, minutes = divmod(passed.seconds // 60, 60)
    return f"{hours} h" if hours else f"{minutes} min"

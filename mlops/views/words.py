"""Transfers, times, counts, addresses and plain values in words for people."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from mlops.drifted import Drift
from mlops.plain import thaw
from mlops.references import place_of
from mlops.spec import IgnoreRule, Json
from mlops.units import size
from mlops.unobserved import Unobserved
from mlops.values import Address, Change, Plan
from mlops.views.paper import plain

DIGEST = re.compile(r"(?:sha256:)?\b([0-9a-f]{12})[0-9a-f]{52}\b")
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)")
BARE = re.compile(r"[\w./:@+=,~^*<>\[\]-]+")
LITERALS = ("true", "false", "null", "(none)", "->")
SCORE = "/score"
SWAGGER = "/swagger.json"


def bytes_of(done: int, total: int) -> str:
    """Return how far a transfer is: `120 MB of 200 MB`, `120 MB` where the end is unknown."""
    return f"{size(done)} of {size(total)}" if total else size(done)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 file`, `3 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def value(given: Json) -> str:
    """Return a plain value as one would write it: text is quoted only where it must be."""
    if given is None:
        return "(none)"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        return _text(given)
    if place_of(given):
        return f"secret {place_of(given)}"
    if isinstance(given, (Mapping, tuple)):
        return short(plain(json.dumps(thaw(given), ensure_ascii=False)))
    return str(given)


def remarks(plan: Plan) -> tuple[str, ...]:
    """Return the notes of a plan, and a sentence for each rule that lets something be."""
    things: dict[IgnoreRule, list[Change]] = {}
    for change in plan.changes:
        for one in change.ignored:
            things.setdefault(one.rule, []).append(change)
    return (*plan.notes, *(_ignoring(rule, changes) for rule, changes in things.items()))


def _ignoring(rule: IgnoreRule, changes: Sequence[Change]) -> str:
    """Return how much a rule lets be; `changes` has one for each field."""
    are = "is" if len(changes) == 1 else "are"
    fields, kinds = counted(len(changes), "field"), things_of({each.address for each in changes})
    why = f"until {rule.expires}: {rule.reason} ({rule.owner})"
    return f"{fields} of {kinds} {are} ignored by `{rule.name}` {why}"


def things_of(addresses: Iterable[Address]) -> str:
    """Return how many things of each kind there are, services first: `2 services and 1 model`."""
    kinds = Counter(address.kind for address in addresses)
    names = sorted(kinds, key=lambda kind: (kind != "service", kind))
    return " and ".join(counted(kinds[kind], kind) for kind in names)


def reasons(plan: Plan) -> tuple[str, ...]:
    """Return a sentence for each place that was not observed: which services, why, what to do."""
    return tuple(
        f"{_place(one)}: {one.why.summary}" + (f"; {one.why.hint}" if one.why.hint else "")
        for one in plan.unobserved
    )


def _place(one: Unobserved) -> str:
    return f"{one.place} ({counted(len(one.services), 'service')})" if one.services else one.place


def missing(plan: Plan) -> str:
    """Return how much was not observed: `2 targets not observed`."""
    return f"{counted(len(plan.unobserved), 'target')} not observed"


def no_changes(plan: Plan) -> str:
    """Return the sentence that nothing is to be changed, as far as anybody looked."""
    if plan.unobserved:
        return f"No change in what was observed; {missing(plan)}."
    return "No changes. The live world is what the file says."


def no_drift(drift: Drift) -> str:
    """Return the sentence that nothing drifted, or nothing but what is agreed to."""
    if drift.plan.unobserved:
        return f"No drift in what was observed; {missing(drift.plan)}."
    let_be = drift.known or any(change.ignored for change in drift.plan.changes)
    but = ", but for what is ignored or known" if let_be else ""
    return f"No drift. The live world is what was applied{but}."


def drift_remarks(drift: Drift) -> tuple[str, ...]:
    """Return what there is to say beside drift: what is ignored, known, or wanted anyway."""
    found = [*remarks(drift.plan)]
    if drift.known:
        are = "is" if len(drift.known) == 1 else "are"
        places = len({piece.address for piece in drift.known})
        pieces = counted(len(drift.known), "difference")
        found.append(f"{pieces} of {counted(places, 'thing')} {are} known from the baseline")
    if drift.ahead:
        services = counted(drift.ahead, "service")
        found.append(f"the file is ahead: it would change {services} anyway, see `mlops plan`")
    return tuple(found)


def short(text: str) -> str:
    """Return `text` with every sha256 digest shortened to 12 hex digits."""
    return DIGEST.sub(r"\1", text)


def moment(text: str) -> str:
    """Return a UTC time stamp to the minute: `2026-07-01 12:30Z`; other text as it is."""
    found = TIME.fullmatch(text)
    return f"{found[1]} {found[2]}Z" if found else text


def swagger(endpoint: str) -> str:
    """Return the address of the description that stands beside a scoring address, if any does."""
    return endpoint.removesuffix(SCORE) + SWAGGER if endpoint.endswith(SCORE) else ""


def _text(given: str) -> str:
    bare = short(given)
    if BARE.fullmatch(bare) and bare not in LITERALS and (bare != given or not _number(given)):
        return bare
    return plain(json.dumps(bare, ensure_ascii=False))


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

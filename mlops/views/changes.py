"""A plan as text: a line a change, a line a field, and the sentence that people grep for."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from mlops.drifted import Drift
from mlops.values import Action, Change, FieldChange, Impact, Plan
from mlops.views.fields import Delta, deltas
from mlops.views.paper import Paper, columns, pad
from mlops.views.words import (
    counted,
    drift_remarks,
    missing,
    no_changes,
    no_drift,
    reasons,
    remarks,
    short,
    value,
)

COLORS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "magenta",
    Action.DELETE: "red",
    Action.ADOPT: "cyan",
}
WARNING = {Impact.RESTART: "yellow", Impact.REPLACE: "red"}
SAID = {Action.REPLACE: "made anew", Action.ADOPT: "adopted"}
"""Signs that need a word."""

HAPPENED = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}
"""What the plan would mend -> what somebody did. Everything else was changed."""

SIGN = 4
"""Columns for the sign and the space after it."""

LONGEST = 40
"""A longer address has its text on the next line."""


class Entry(Struct, frozen=True, kw_only=True):
    """One change as it is shown."""

    sign: Action
    address: str
    texts: tuple[str, ...]
    deltas: tuple[Delta, ...] = ()
    impact: Impact = Impact.NONE
    downtime: str = ""


def plan(given: Plan, paper: Paper) -> str:
    """Return what a plan does, deletes last. Ends in `Plan: ...` or a line with `No changes.`."""
    entries = [_planned(change) for change in given.pending]
    kept = len(given.changes) - len(entries)
    listed = _entries(sorted(entries, key=lambda entry: entry.sign is Action.DELETE), paper)
    if entries and kept:
        listed.append(paper.faint(f"  = {kept} unchanged"))
    total = given.counts
    words = f"Plan: {total.add} to add, {total.change} to change, {total.destroy} to destroy"
    last = f"{words}{_but(given)}." if entries else no_changes(given)
    return _page(
        [
            listed,
            _notes(remarks(given), paper),
            _unobserved(given, paper),
            [paper.ink(last, bold=True)],
        ]
    )


def drift(given: Drift, paper: Paper) -> str:
    """Return what somebody else did to the live world."""
    entries = [_happened(change) for change in given.plan.pending]
    last = (
        f"Drift: {_share(given.plan)} {_differ(given.plan)} from what was applied"
        f"{_but(given.plan)}."
        if entries
        else no_drift(given)
    )
    listed = _entries(entries, paper)
    return _page(
        [
            listed,
            _notes(drift_remarks(given), paper),
            _unobserved(given.plan, paper),
            [paper.ink(last, bold=True)],
        ]
    )


def _but(given: Plan) -> str:
    return f"; {missing(given)}" if given.unobserved else ""


def _unobserved(given: Plan, paper: Paper) -> list[str]:
    return [
        paper.ink(line, "yellow")
        for reason in reasons(given)
        for line in _wrapped(f"not observed: {reason}", paper.width, hanging="      ")
    ]


def _planned(change: Change) -> Entry:
    after = change.after
    made = change.action is Action.CREATE and after is not None
    texts = (
        SAID.get(change.action, ""),
        short(after.summary or after.endpoint) if made and after else "",
        change.reason,
    )
    return Entry(
        sign=change.action,
        address=str(change.address),
        texts=tuple(text for text in texts if text),
        deltas=() if made else tuple(_wanted(field) for field in change.fields),
        impact=change.impact,
        downtime=change.downtime,
    )


def _happened(change: Change) -> Entry:
    return Entry(
        sign=HAPPENED.get(change.action, Action.UPDATE),
        address=str(change.address),
        texts=(change.reason,) if change.reason else (),
        deltas=tuple(_found(field) for field in change.fields),
    )


def _wanted(field: FieldChange) -> Delta:
    return Delta(
        path=field.path,
        old=_label(field.before_label, value(field.before)),
        new=_label(field.after_label, value(field.after)),
        remark=f"{field.cause.value}, {field.impact.value}",
    )


def _found(field: FieldChange) -> Delta:
    return Delta(
        path=field.path,
        old=_label(field.after_label, value(field.after)),
        new=_label(field.before_label, value(field.before)),
    )


def _label(label: str, otherwise: str) -> str:
    return short(label) if label else otherwise


def _share(given: Plan) -> str:
    """Return how many things of each kind drifted, services first."""
    every = Counter(change.address.kind for change in given.changes)
    some = Counter(change.address.kind for change in given.pending)
    kinds = sorted(some, key=lambda kind: (kind != "service", kind))
    return " and ".join(f"{some[kind]} of {counted(every[kind], kind)}" for kind in kinds)


def _differ(given: Plan) -> str:
    return "differs" if len(given.pending) == 1 else "differ"


def _page(blocks: Iterable[Sequence[str]]) -> str:
    """Return the blocks that hold something, a blank line between two."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _notes(notes: tuple[str, ...], paper: Paper) -> list[str]:
    return [
        paper.faint(line)
        for note in notes
        for line in _wrapped(f"note: {note}", paper.width, hanging="      ")
    ]


def _entries(entries: Sequence[Entry], paper: Paper) -> list[str]:
    addresses = [len(entry.address) for entry in entries if len(entry.address) <= LONGEST]
    column = SIGN + max(addresses, default=0) + 2
    return [line for entry in entries for line in _entry(entry, column, paper)]


def _entry(entry: Entry, column: int, paper: Paper) -> list[str]:
    color = COLORS.get(entry.sign)
    texts = _beside(entry.texts, None if paper.width is None else paper.width - column)
    sign = f"{entry.sign.value:>3} "
    if SIGN + len(entry.address) + 2 > column:
        head, rest = entry.address, texts
    else:
        first, rest = "".join(texts[:1]), texts[1:]
        head = (pad(entry.address, column - SIGN) + first).rstrip()
    lines = [head, *(" " * (column - SIGN) + text for text in rest)]
    red = color if entry.sign is Action.DELETE else None
    shown = [paper.ink(sign, color, bold=True) + paper.ink(lines[0], red)]
    shown += [" " * SIGN + paper.ink(line, red) for line in lines[1:]]
    shown += deltas(entry.deltas, paper)
    if entry.downtime:
        impact = f"{entry.impact.value}: {entry.downtime}"
        wrapped = _wrapped("      " + impact, paper.width, hanging="        ")
        shown += [paper.ink(line, WARNING.get(entry.impact)) for line in wrapped]
    return shown


def _beside(texts: tuple[str, ...], room: int | None) -> list[str]:
    """Return texts as one line if they fit, else each from a line of its own."""
    one = "; ".join(texts)
    if not texts or room is None or columns(one) <= room:
        return [one] if texts else []
    each = [*(f"{text};" for text in texts[:-1]), texts[-1]]
    return [line for text in each for line in _wrapped(text, room)]


def _wrapped(text: str, width: int | None, hanging: str = "") -> list[str]:
    if width is None:
        return [text]
    return textwrap.wrap(
        text,
        max(width, 20),
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )

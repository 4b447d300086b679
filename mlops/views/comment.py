"""A plan, a drift and a report as HTML within Markdown, for pull requests, issues and summaries.

Plain words, what is destructive first, and no more bytes than the place takes.
"""

from collections.abc import Iterable, Sequence

from mlops.drifted import Drift
from mlops.plan import REASONS
from mlops.planfile import plan_digest
from mlops.services import served
from mlops.values import Action, Change, FieldChange, Impact, Observed, Plan
from mlops.views.fitting import Line, Section, fitted
from mlops.views.markup import code, html, prose
from mlops.views.words import (
    counted,
    drift_remarks,
    missing,
    moment,
    no_drift,
    reasons,
    remarks,
    value,
)

DESTRUCTIVE = (Action.DELETE, Action.REPLACE)
HAPPENED = {Action.CREATE: "deleted by somebody", Action.DELETE: "made by somebody"}
"""What a plan would mend -> what happened."""

COSTS = {
    Impact.NONE: "nothing",
    Impact.METADATA: "nothing restarts",
    Impact.ROLLING: "rolling",
    Impact.RESTART: "a restart",
    Impact.REPLACE: "made anew",
}
"""What changing a field costs, in plain words."""

SAID = (Impact.ROLLING, Impact.RESTART)
"""The impacts that need their word beside what they mean; the others say it themselves."""

ORDER = tuple(reversed(Impact))
"""The worst impact first."""

FIELDS = "<tr><th>field<th>now<th>then<th>why<th>costs"
FOUND = "<tr><th>field<th>applied<th>found"


def planned(plan: Plan, limit: int) -> str:
    """Return what a plan does, ending in what it took and what names it."""
    total = plan.counts
    words = f"{total.add} to add, {total.change} to change, {total.destroy} to destroy"
    title = f"{words}{_but(plan)}" if plan.pending else f"no changes{_but(plan)}"
    head = [
        f"<!-- mlops:{html(plan.project)} -->",
        f"<h3>Plan of {code(plan.project)}: {title}</h3>",
    ]
    if plan.unobserved:
        head.append(_unobserved(plan))
    elif not plan.pending:
        head.append("<p>The live world is what the file says.</p>")
    lost = [change for change in plan.pending if _destructive(change)]
    if lost:
        head.append(f"> [!CAUTION]\n> {_warning(lost)}")
    foot = _foot(plan)
    return _page(head, _sections(plan), foot, limit)


def drifted(drift: Drift, limit: int) -> str:
    """Return what somebody else did."""
    plan = drift.plan
    every = sum(change.address.kind == "service" for change in plan.changes)
    some = sum(change.address.kind == "service" for change in plan.pending)
    title = f"{some} of {counted(every, 'service')}" if plan.pending else "none"
    title += f" found{_but(plan)}" if title == "none" and plan.unobserved else _but(plan)
    head = [
        f"<!-- mlops:{html(plan.project)}:drift -->",
        f"<h3>Drift of {code(plan.project)}: {title}</h3>",
    ]
    if plan.unobserved:
        head.append(_unobserved(plan))
    told = "is not what was last applied. <code>mlops apply</code> mends it."
    if plan.pending:
        head.append(f"<p>What is listed here {told}</p>")
    elif not plan.unobserved:
        head.append(f"<p>{no_drift(drift).removeprefix('No drift. ')}</p>")
    lines = [_found(change) for change in _worst_first(plan.pending)]
    sections = [
        Section(title="Changed by somebody", noun="thing", lines=tuple(lines)),
        *_notes(drift_remarks(drift), "Not counted"),
    ]
    return _page(head, sections, f"<p><sub>{_spent(plan)}</sub></p>\n", limit)


def _but(plan: Plan) -> str:
    return f"; {missing(plan)}" if plan.unobserved else ""


def _unobserved(plan: Plan) -> str:
    """Return what nobody could look at: it is never cut."""
    told = "".join(f"\n> <li>{prose(reason)}</li>" for reason in reasons(plan))
    return f"> [!WARNING]\n> **Not observed, for want of credentials**\n>\n> <ul>{told}\n> </ul>"


def _page(head: Sequence[str], sections: Sequence[Section], foot: str, limit: int) -> str:
    top = "\n\n".join(head) + "\n\n"
    room = limit - len(top.encode()) - len(foot.encode())
    return top + fitted(sections, room) + foot


def _sections(plan: Plan) -> list[Section]:
    services = [change for change in plan.pending if change.address.kind == "service"]
    lost = [change for change in services if _destructive(change)]
    made = [change for change in services if change.action is Action.CREATE]
    changed = [change for change in services if change not in lost and change not in made]
    beside = [change for change in plan.pending if change.address.kind != "service"]
    kept = [
        change
        for change in plan.changes
        if change.action is Action.KEEP and change.address.kind == "service"
    ]
    return [
        _section("Deleted or made anew", lost, kept=True),
        _section("Changed", _worst_first(changed)),
        _section("Created", made),
        *_notes(remarks(plan)),
        _section("Models and what services need", beside, noun="thing", folded=True),
        _section("Unchanged", kept, folded=True),
    ]


def _section(
    title: str,
    changes: Iterable[Change],
    noun: str = "service",
    *,
    kept: bool = False,
    folded: bool = False,
) -> Section:
    lines = tuple(map(_line, changes))
    return Section(title=title, noun=noun, lines=lines, kept=kept, folded=folded)


def _notes(notes: Iterable[str], title: str = "Left alone") -> list[Section]:
    lines = tuple(Line(head=prose(note)) for note in notes)
    return [Section(title=title, noun="note", lines=lines)]


def _line(change: Change) -> Line:
    """Return one thing of a plan: what happens to it and why, then its fields."""
    name = code(str(change.address))
    words = [f"{_verb(change)} {name}" if change.action is not Action.KEEP else name]
    short = "".join(words)
    made = change.after.summary if change.after and change.action is Action.CREATE else ""
    told = [prose(text) for text in (made, change.reason) if text]
    if told:
        words.append(f": {', '.join(told)}")
    if change.downtime:
        cost = f"<b>{COSTS[change.impact]}</b>, " if change.impact in SAID else ""
        words.append(f" — {cost}{prose(change.downtime)}")
    cost = f": <b>{COSTS[change.impact]}</b>" if change.fields else ""
    return Line(head="".join(words), short=short + cost, detail=_detail(change), brief=name)


def _verb(change: Change) -> str:
    signs = {
        Action.KEEP: "keep",
        Action.CREATE: "🟢 create",
        Action.UPDATE: "🟡 change",
        Action.REPLACE: "🔴 <b>make anew</b>",
        Action.DELETE: "🔴 <b>delete</b>" if change.address.kind == "service" else "⚪ delete",
        Action.ADOPT: "🔵 adopt",
    }
    return signs[change.action]


def _detail(change: Change) -> str:
    if change.action is Action.CREATE:
        return ""
    if change.before is not None and change.action is Action.DELETE:
        return _facts(change.before)
    return _table(FIELDS, [_field(field) for field in change.fields])


def _field(field: FieldChange) -> str:
    told = _cells(field.path, *_values(field))
    return f"<tr>{told}<td>{REASONS[field.cause]}<td>{COSTS[field.impact]}"


def _facts(live: Observed) -> str:
    """Return what will be gone."""
    facts = {
        "serves": ", ".join(served(live.labels)),
        "answers at": live.endpoint,
        "since": moment(live.since),
    }
    rows = [f"<tr><td>{name}<td>{code(fact)}" for name, fact in facts.items() if fact]
    return _table("", rows)


def _found(change: Change) -> Line:
    """Return one thing that drifted, its fields from what was applied to what is there."""
    name = code(str(change.address))
    happened = HAPPENED.get(change.action, "changed by somebody")
    rows = []
    for field in change.fields:
        live, applied = _values(field)
        rows.append(f"<tr>{_cells(field.path, applied, live)}")
    return Line(head=f"🟡 {name}: {happened}", detail=_table(FOUND, rows), brief=name)


def _table(head: str, rows: Sequence[str]) -> str:
    return f"<table>{head}{''.join(rows)}</table>" if rows else ""


def _values(field: FieldChange) -> tuple[str, str]:
    return field.before_label or value(field.before), field.after_label or value(field.after)


def _cells(*texts: str) -> str:
    return "".join(f"<td>{code(text)}" for text in texts)


def _destructive(change: Change) -> bool:
    return change.action in DESTRUCTIVE and change.address.kind == "service"


def _worst_first(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: ORDER.index(change.impact))


def _warning(lost: Sequence[Change]) -> str:
    gone = sum(change.action is Action.DELETE for change in lost)
    anew = len(lost) - gone
    parts = [f"{counted(gone, 'service')} deleted"] if gone else []
    parts += [f"{counted(anew, 'service')} made anew"] if anew else []
    return f"**{' and '.join(parts)}.**"


def _foot(plan: Plan) -> str:
    """Return what names the plan, and what it took."""
    spent = f"<p><sub>{_spent(plan)}</sub></p>\n"
    if not plan.pending and not plan.unobserved:
        return spent
    digest = plan_digest(plan)
    if not digest:
        told = "<p>What is not observed can't be agreed to: this plan has no digest.</p>"
        return f"{told}\n\n{spent}\n<!-- mlops-digest:unobserved -->\n"
    exact = f"<code>mlops apply --digest {digest}</code>"
    return f"<p>To apply exactly this: {exact}</p>\n\n{spent}\n<!-- mlops-digest:{digest} -->\n"


def _spent(plan: Plan) -> str:
    return f"{counted(plan.calls, 'API call')} spent"

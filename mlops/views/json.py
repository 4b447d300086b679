"""The format for programs: one JSON document each, and events as one line each."""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from mlops.drifted import Drift
from mlops.errors import Problem
from mlops.events import Done, Event, Report
from mlops.ignored import Ignored
from mlops.planfile import plan_digest
from mlops.references import bare, bare_fields
from mlops.spec import Fields
from mlops.unobserved import Unobserved
from mlops.values import Address, Change, Plan
from mlops.views.words import swagger

FORMAT = 1
"""Counts up when a key changes its meaning or goes; new keys may come at any time."""


class JsonView:
    """Shows values as JSON. Keys keep their order; non-ASCII is escaped."""

    def problems(self, problems: Sequence[Problem]) -> str:
        """Return the problems as a document."""
        return to_json({"format_version": FORMAT, "problems": problems})

    def plan(
        self, plan: Plan, refused: Sequence[Problem] = (), warned: Sequence[Problem] = ()
    ) -> str:
        """Return every change, what is kept included, and the problems of rules it breaks."""
        document = _document(plan, plan.counts, plan.changes)
        rules = {"refused": refused, "warned": warned}
        return to_json({**document, **rules, "digest": plan_digest(plan) or None})

    def drift(self, drift: Drift) -> str:
        """Return the changes that would mend what somebody else did, and what is not told."""
        plan = drift.plan
        services = [change for change in plan.changes if change.address.kind == "service"]
        drifted = [change for change in plan.pending if change.address.kind == "service"]
        summary = {
            "drifted": len(drifted),
            "services": len(services),
            "ignored": sum(len(change.ignored) for change in plan.changes),
            "known": len(drift.known),
            "ahead": drift.ahead,
        }
        return to_json({**_document(plan, summary, plan.pending), "known": drift.known})

    def event(self, event: Event) -> str:
        """Return an event as one line, with its `type`."""
        return json.dumps(_typed(event)) + "\n"

    def report(self, report: Report) -> str:
        """Return the outcome of each address."""
        outcomes = [_typed(outcome) for outcome in report.outcomes]
        return to_json(
            {
                "format_version": FORMAT,
                "stopped": report.stopped,
                "outcomes": outcomes,
                "problems": report.problems,
            }
        )

    def rows(self, rows: Sequence[Fields]) -> str:
        """Return a list of objects."""
        return to_json(rows)

    def record(self, record: Fields) -> str:
        """Return an object."""
        return to_json(record)


def to_json(value: Any) -> str:
    """Return any of our values as a JSON document that ends in a newline."""
    return json.dumps(to_plain(value), indent=2) + "\n"


def to_plain(value: Any) -> Any:
    """Return one of our values as what a JSON writer takes. An address becomes its text."""
    if isinstance(value, (Address, PurePath)):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Struct):
        return {name: to_plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value


def _document(plan: Plan, summary: object, changes: Sequence[Change]) -> dict[str, Any]:
    return {
        "format_version": FORMAT,
        "project": plan.project,
        "store": plan.store,
        "summary": summary,
        "changes": [_change(change) for change in changes],
        "notes": plan.notes,
        "ignored": [_ignored(change, one) for change in plan.changes for one in change.ignored],
        "unobserved": [_unobserved(one) for one in plan.unobserved],
        "calls": plan.calls,
    }


def _change(change: Change) -> dict[str, Any]:
    """Return what a reader of a plan needs; what apply needs beside it stays out."""
    before, after = change.before, change.after
    shown = after or before
    return {
        "address": change.address,
        "action": change.action,
        "reason": change.reason,
        "summary": after.summary if after else "",
        "endpoint": shown.endpoint if shown else "",
        "impact": change.impact,
        "downtime": change.downtime,
        "protect": before.protect if before else False,
        "needs": change.needs,
        "renamed": change.renamed,
        "fields": change.fields,
        "before": bare_fields(before.fields) if before else None,
        "after": bare_fields(after.fields) if after else None,
    }


def _ignored(change: Change, one: Ignored) -> dict[str, Any]:
    rule = one.rule
    return {
        "address": change.address,
        "field": one.path,
        "live": bare(one.live),
        "wanted": bare(one.wanted),
        "rule": rule.name,
        "expires": rule.expires,
        "reason": rule.reason,
        "owner": rule.owner,
    }


def _unobserved(one: Unobserved) -> dict[str, Any]:
    return {
        "target": one.place,
        "reason": one.why.summary,
        "hint": one.why.hint,
        "services": one.services,
    }


def _typed(event: Event) -> dict[str, Any]:
    plain = {"type": type(event).__name__.lower(), **to_plain(event)}
    if isinstance(event, Done) and swagger(event.endpoint):
        plain["swagger"] = swagger(event.endpoint)
    return plain

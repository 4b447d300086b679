"""A project as a report tells it: services here and there, drift, a history."""

from datetime import datetime, timezone

import make

from mlops.plain import freeze
from mlops.spec import Fields
from mlops.store.revisions import Revision
from mlops.values import Action, Cause, Change, Desired, FieldChange, Impact
from mlops.views.site.pages import Told

NOW = datetime(2026, 7, 14, 9, 30, tzinfo=timezone.utc)

FIELDS: Fields = freeze(
    {
        "code": make.digest("c"),
        "environment": make.digest("e"),
        "entry_script": "score.py",
        "host": "127.0.0.1",
        "models.diabetes": make.digest("a"),
        "serving.timeout": "300s",
        "tags.stage": "prod",
        "tags.team": "research",
    }
)


def service(at: str, number: int, **given: object) -> Desired:
    """Return a service that serves a version of a model on a port."""
    model = make.address(f"store/model/diabetes-{number % 7}")
    place = at.partition("/")[0]
    port = 8890 + number
    defaults = {
        "fields": {**FIELDS, "port": port},
        "labels": {"models.diabetes": f"diabetes-{number % 7}:{number % 3 + 1}"},
        "summary": f"diabetes-{number % 7}:{number % 3 + 1} on port {port}",
        "endpoint": f"http://127.0.0.1:{port}/score",
        "needs": (model, make.address(f"{place}/environment/4f53cda18c2b")),
    }
    return make.desired(at, **{**defaults, **given})


def live(thing: Desired, action: Action = Action.KEEP, **given: object) -> Change:
    """Return a change of a service that runs."""
    seen = {
        "fields": thing.fields,
        "labels": thing.labels,
        "endpoint": thing.endpoint,
        "state": "ready",
        "since": "2026-07-01T12:30:05Z",
        "protect": False,
        **given,
    }
    fields = seen.pop("changed", ())
    before = make.observed(thing.address, **seen)
    return make.change(
        thing.address,
        action,
        reason="",
        before=before,
        after=thing,
        fields=fields,
        needs=thing.needs,
    )


def drifted_port(before: int, after: int) -> FieldChange:
    """Return a port that somebody changed."""
    return make.field_change(before=before, after=after, cause=Cause.DRIFT, impact=Impact.RESTART)


def told(count: int = 6) -> Told:
    """Return a report of `count` services at two targets, and of what stands beside them."""
    things = [
        service(f"{'laptop' if number % 3 else 'edge-lab'}/service/diabetes-{number:03}", number)
        for number in range(count)
    ]
    models = [
        make.desired(f"store/model/diabetes-{number}", summary="version 3, 1.4 kB, 1 file")
        for number in range(min(7, count))
    ]
    environments = [
        make.desired(f"{place}/environment/4f53cda18c2b", summary="Python 3.11, 3 packages")
        for place in ("laptop", "edge-lab")
    ]
    changes = [
        live(things[0], Action.UPDATE, changed=(drifted_port(9999, 8890),), protect=True),
        *map(live, things[1:]),
        live(service("laptop/service/wine", 90), state="failed", since="2026-07-14T09:02:00Z"),
        make.change(
            "laptop/service/iris-not-yet", after=service("laptop/service/iris-not-yet", 91)
        ),
        make.change(
            "laptop/service/lost",
            after=service("laptop/service/lost", 92),
            reason="somebody deleted it",
        ),
    ]
    plan = make.plan(
        *changes,
        notes=(
            "laptop/service/other is of another project (github.com/acme/fore); it is left alone",
        ),
        wanted=(*models, *environments, *things),
    )
    drift = make.plan(changes[0], changes[-1])
    return Told(plan=plan, drift=drift, revisions=revisions(things), now=NOW)


def revisions(things: list[Desired]) -> tuple[Revision, ...]:
    """Return three runs, the newest first: two that were done, and one that was cut short."""
    old = [service(str(thing.address), 1) for thing in things[:1]]
    lineage = freeze(
        {
            "commit": "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d",
            "who": "ada",
            "dirty": True,
            "run_url": "https://github.com/acme/mnist/actions/runs/7",
        }
    )
    at = "2026-07-01T12:30:05+00:00"
    return (
        Revision(
            number=9,
            at=at,
            lineage=lineage,
            changes=freeze({str(things[0].address): "~"}),
            desired=tuple(things),
            outcome=freeze({"result": "done"}),
        ),
        Revision(
            number=7,
            at=at,
            lineage=lineage,
            changes=freeze({str(things[0].address): "+"}),
            desired=tuple(old),
            outcome=freeze({"result": "cut short"}),
        ),
        Revision(number=2, damaged=True),
    )

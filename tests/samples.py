"""Plans, problems and events that several views are shown with."""

import make

from mlops.drifted import Drift, Known
from mlops.errors import Problem
from mlops.events import Event
from mlops.values import Action, Cause, Change, Impact, Plan
from mlops.views.paper import Paper

ENVIRONMENT = "laptop/environment/4f53cda18c2b"
TERMINAL = Paper(color=False, width=80)
COLOR = Paper(color=True, width=80)
LOG = Paper()


def first_plan() -> Plan:
    model = make.desired(make.MODEL, summary="version 1, 1.2 kB, 1 file")
    environment = make.desired(ENVIRONMENT, summary="Python 3.11, 3 packages")
    service = make.desired(
        summary="diabetes:1 at http://127.0.0.1:8890/score",
        endpoint="http://127.0.0.1:8890/score",
    )
    return make.plan(
        make.change(make.MODEL, reason="not in the store yet", after=model),
        make.change(ENVIRONMENT, after=environment),
        make.change(after=service, needs=(make.address(make.MODEL), make.address(ENVIRONMENT))),
    )


def update() -> Change:
    return make.change(
        action=Action.UPDATE,
        reason="another model, the code changed, the file changed",
        impact=Impact.RESTART,
        downtime="about a second without answers",
        fields=(
            make.field_change(
                "models",
                before=(make.digest("a"),),
                after=(make.digest("b"),),
                before_label="diabetes:1",
                after_label="diabetes:2",
                cause=Cause.MODEL,
            ),
            make.field_change(
                "code", before=make.digest("c"), after=make.digest("d"), cause=Cause.CODE
            ),
            make.field_change("tags.team", before=None, after="vision", impact=Impact.METADATA),
        ),
    )


def delete(at: str = "laptop/service/diabetes-old") -> Change:
    return make.change(at, Action.DELETE, reason="not in the file")


def mixed_plan() -> Plan:
    kept = (make.change(f"laptop/service/kept-{n}", Action.KEEP, reason="") for n in range(3))
    moved = make.change(
        "laptop/service/moved",
        Action.REPLACE,
        reason="the file changed",
        impact=Impact.REPLACE,
        downtime="no answers until the new one is ready, 10 to 30 seconds",
        fields=(make.field_change("host", before="127.0.0.1", after="::1", impact=Impact.REPLACE),),
    )
    adopted = make.change(
        "laptop/service/found", Action.ADOPT, reason="made by hand, equal to the file"
    )
    return make.plan(
        delete(),
        update(),
        moved,
        adopted,
        *kept,
        notes=(
            "laptop/service/other is of another project (github.com/acme/fore); it is left alone",
        ),
    )


def fleet() -> Plan:
    places = [f"laptop/service/diabetes-{number:03}" for number in range(100)]
    things = [
        make.desired(at, summary=f"diabetes:1 on port {8900 + number}")
        for number, at in enumerate(places)
    ]
    return make.plan(
        *(make.change(at, after=thing) for at, thing in zip(places, things, strict=True))
    )


def long_values() -> Plan:
    story = "Predicts the progression of the disease one year after baseline from ten features"
    fields = (
        make.field_change("description", before=story + ".", after=story + ", at home."),
        make.field_change("environment_variables.A_LONG_NAME_OF_A_SETTING", before="", after="1"),
        make.field_change("port"),
        make.field_change("tags.note", before="two\nlines", after=True),
    )
    return make.plan(make.change(action=Action.UPDATE, fields=fields, reason="the file changed"))


def two_problems() -> tuple[Problem, ...]:
    unknown = make.where(
        file="deploy/prod.yaml", line=12, column=11, text="  target: acii", width=4
    )
    port = make.where(line=128, column=11, text="    port: 889000", width=6)
    return (
        make.problem(where=unknown, hint="did you mean `aci`? there are aci, docker, laptop"),
        make.problem("`port` is 889000", where=port, hint="write a number from 1 to 65535"),
    )


def failed_events() -> tuple[Event, ...]:
    log = (
        "Traceback (most recent call last):",
        '  File "score.py", line 7, in init',
        "KeyError: 1",
    )
    at_model = make.address(make.MODEL)
    return (
        make.started(make.MODEL),
        make.progressed("copying model.pkl", make.MODEL, done=120_000_000, total=200_000_000),
        make.done(make.MODEL, seconds=75.0),
        make.started(),
        make.progressed("waiting until it is ready"),
        make.failed(log=log),
        make.skipped("laptop/service/other", because=f"needs {at_model}"),
    )


def drift() -> Drift:
    edited = make.change(
        "laptop/service/edited",
        Action.UPDATE,
        reason="somebody changed it",
        fields=(make.field_change(before=9999, after=8890, cause=Cause.DRIFT),),
    )
    gone = make.change("laptop/service/gone", reason="somebody deleted it")
    kept = make.change("laptop/service/kept", Action.KEEP, reason="")
    return Drift(plan=make.plan(gone, edited, kept))


def agreed_drift() -> Drift:
    """Return what is ignored, known or wanted anyway, and nothing else."""
    tags = make.ignored("tags.seen"), make.ignored("tags.team")
    tagged = make.change("laptop/service/tagged", Action.KEEP, reason="", ignored=tags)
    kept = make.change("laptop/service/kept", Action.KEEP, reason="")
    known = (Known(address="laptop/service/kept", field="port", live="ab"),)
    return Drift(plan=make.plan(tagged, kept), known=known, ahead=2)

"""What `plan`, `drift` and `report` look at: the plan of a session, and the drift in it.

A store that lets nobody read without credentials makes it a plan of nothing, which says so.
"""

from mlops.cli.session import Session
from mlops.drift import drifted
from mlops.drifted import Drift
from mlops.errors import CredentialsError
from mlops.observe import waking
from mlops.policy import in_force
from mlops.selection import Selection
from mlops.survey import EVERYTHING, known, survey
from mlops.unobserved import Unobserved
from mlops.values import Plan

STORE = "store"
"""The place that everything else is told by: without it nothing is looked at."""


def surveyed(session: Session, selection: Selection = EVERYTHING, *, lenient: bool = False) -> Plan:
    """Return the plan that makes the live world what the files say. Changes nothing.

    For who only looks, `lenient`: a port that somebody else has is a note.
    """
    try:
        world = session.world
        with waking(world.places):
            desired = session.desired()
        return survey(world, desired, selection, lenient=lenient)
    except CredentialsError as error:
        services = session.spec.deployments
        nothing = Unobserved(
            place=STORE,
            why=error.problems[0],
            services=tuple(services),
            where=next((one.where for one in services.values()), None),
        )
        spec = session.spec
        return Plan(project=spec.project, store=spec.store, changes=(), unobserved=(nothing,))


def drift_of(session: Session, plan: Plan) -> Drift:
    """Return what of a plan mends what somebody else did."""
    if any(one.place == STORE for one in plan.unobserved):
        return Drift(plan=plan)
    world = session.world
    rules = in_force(world.ignore, world.today)
    return drifted(plan, known(world.records.read(), world.left), rules)

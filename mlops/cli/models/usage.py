"""Which services, deployments and earlier runs use a model version, as `show` and `list` tell."""

from msgspec import Struct

from mlops.artefacts import ModelVersion
from mlops.cli.options import Files
from mlops.cli.session import Session, open_session
from mlops.errors import MlopsError
from mlops.observe import observe
from mlops.spec import Fields, Json
from mlops.store.revisions import Revision
from mlops.values import Address, Desired, Observed, Ownership

LOOK = 200
"""How many of the last runs are looked through."""


class Usage(Struct, frozen=True, kw_only=True):
    """What uses models. `unknown` says of what could not be looked at, and why."""

    live: tuple[Observed, ...]
    wanted: tuple[Desired, ...]
    revisions: tuple[Revision, ...]
    unknown: tuple[str, ...]

    def services(self, version: ModelVersion) -> tuple[str, ...]:
        """Return the live services that load a version."""
        return tuple(str(thing.address) for thing in self.live if _loads(thing, version))

    def deployments(self, version: ModelVersion) -> tuple[str, ...]:
        """Return the deployments of the file that want it."""
        return tuple(thing.address.name for thing in self.wanted if _loads(thing, version))

    def record(self, version: ModelVersion) -> dict[str, Json]:
        """Return everything that uses a version."""
        told: dict[str, Json] = {
            "services": self.services(version),
            "deployments": self.deployments(version),
            "revisions": tuple(row for run in self.revisions for row in _rows(run, version)),
        }
        return told | ({"not_known": self.unknown} if self.unknown else {})


def usage(session: Session, files: Files) -> Usage:
    """Return what uses the models of the store, as far as it can be looked at."""
    unknown: list[str] = []
    wanted: tuple[Desired, ...] = ()
    live: tuple[Observed, ...] = ()
    try:
        wanted = open_session(files).desired()
    except MlopsError as error:
        unknown.append(f"what the file wants: {error}")
    try:
        live = tuple(observe(wanted, session.world.places))
    except MlopsError as error:
        unknown.append(f"what is live: {error}")
    return Usage(
        live=tuple(thing for thing in live if thing.ownership is Ownership.OURS),
        wanted=wanted,
        revisions=session.revisions.list(LOOK),
        unknown=tuple(unknown),
    )


def _loads(thing: Observed | Desired, version: ModelVersion) -> bool:
    if thing.address.kind != "service":
        return False
    return thing.fields.get(f"models.{version.name}") == version.content.digest


def _rows(run: Revision, version: ModelVersion) -> list[Fields]:
    """Return a row if a run wanted services to load a version."""
    services = [_name(thing.address) for thing in run.desired if _loads(thing, version)]
    if not services:
        return []
    commit = str(run.lineage.get("commit") or "")[:10]
    who = run.lineage.get("who")
    return [
        {
            "revision": run.number,
            "at": run.at,
            "who": who,
            "commit": commit,
            "services": tuple(services),
        }
    ]


def _name(address: Address) -> str:
    return f"{address.place}/{address.name}"

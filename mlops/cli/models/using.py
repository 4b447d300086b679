"""Who uses a model version: services that run, deployments of the file, and what records tell."""

from collections.abc import Iterable, Iterator

from mlops.artefacts import ModelVersion
from mlops.cli.session import Session
from mlops.errors import Problem
from mlops.observe import observe
from mlops.plain import fingerprint
from mlops.spec import Json
from mlops.store.applied import read_applied
from mlops.values import Desired, Observed

CHANGE = "let it serve another version, or take it out of the file, and apply; then delete"


def users(
    session: Session, desired: tuple[Desired, ...], version: ModelVersion
) -> tuple[Problem, ...]:
    """Return a problem for each service and each deployment that uses a version.

    Services are asked live. Those of other projects in the same store, and of targets that left
    the file, are known from what was last applied to them.
    """
    live = observe(desired, session.world.places)
    return (
        *_wanted(desired, version),
        *_running(live, version),
        *_recorded(session, version),
    )


def _wanted(desired: Iterable[Desired], version: ModelVersion) -> Iterator[Problem]:
    for thing in desired:
        if thing.fields.get(_field(version)) == version.content.digest:
            summary = f"{_name(version)} is wanted by the deployment `{thing.address.name}`"
            yield Problem(summary=summary, where=thing.where, hint=CHANGE)


def _running(live: Iterable[Observed], version: ModelVersion) -> Iterator[Problem]:
    for thing in live:
        if _may_be(thing.fields.get(_field(version)), version):
            summary = f"{_name(version)} is used by the live service `{thing.address}`"
            yield Problem(summary=summary, hint=CHANGE)


def _recorded(session: Session, version: ModelVersion) -> Iterator[Problem]:
    digest = fingerprint(version.content.digest)
    for project in sorted({path.split("/")[1] for path in session.objects.list("applied")}):
        for applied in read_applied(session.objects, project).values():
            asked = project == session.spec.project and applied.address.place in session.targets
            if not asked and applied.hashes.get(_field(version)) == digest:
                yield Problem(
                    summary=f"{_name(version)} is used by `{applied.address}` of the project "
                    f"`{project}`, as last applied",
                    hint=CHANGE,
                )


def _may_be(seen: Json, version: ModelVersion) -> bool:
    """Tell whether a service has this version, or was edited so that nobody can tell."""
    return seen == version.content.digest or (
        seen is not None and not str(seen).startswith("sha256:")
    )


def _field(version: ModelVersion) -> str:
    return f"models.{version.name}"


def _name(version: ModelVersion) -> str:
    return f"`{version.name}:{version.version}`"

"""Compares the secrets of what runs with those that are wanted, as far as one may look."""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from mlops.errors import MlopsError, Problem, TargetError
from mlops.plain import NOTHING, freeze
from mlops.protocols import Secrets
from mlops.references import identity_of, place_of, secrets_of
from mlops.spec import Fields, Json, SecretRef
from mlops.values import Address, Desired, Observed


def assumed(wanted: Iterable[Desired], seen: Iterable[Observed]) -> tuple[Desired, ...]:
    """Return what is wanted, where a secret of the same place counts as the one that runs.

    Reads no secret: it is what a plan can know.
    """
    live = {thing.address: thing.fields for thing in seen}
    return tuple(_assumed(thing, live.get(thing.address, NOTHING)) for thing in wanted)


def identified(
    wanted: Iterable[Desired],
    seen: Iterable[Observed],
    secrets: Secrets,
    among: Collection[Address],
) -> tuple[Desired, ...]:
    """Return what is wanted, where the secrets of the addresses `among` were read and compared.

    Raises TargetError with every secret that cannot be read.
    """
    live = {thing.address: thing.fields for thing in seen}
    problems: list[Problem] = []
    found = []
    for thing in wanted:
        try:
            now = live.get(thing.address, NOTHING)
            found.append(_identified(thing, now, secrets) if thing.address in among else thing)
        except MlopsError as error:
            problems += error.problems
    if problems:
        raise TargetError(*dict.fromkeys(problems))
    return tuple(found)


def _assumed(thing: Desired, live: Fields) -> Desired:
    places = secrets_of(thing.fields)
    kept = {path: live[path] for path, ref in places.items() if _known(live.get(path), ref)}
    return replace(thing, fields=freeze({**thing.fields, **kept})) if kept else thing


def _identified(thing: Desired, live: Fields, secrets: Secrets) -> Desired:
    places = secrets_of(thing.fields)
    if not places:
        return thing
    values = {
        path: {
            "secret": ref.secret,
            "identity": secrets.identity(ref, _known(live.get(path), ref)),
        }
        for path, ref in places.items()
    }
    return replace(thing, fields=freeze({**thing.fields, **values}))


def _known(live: Json, ref: SecretRef) -> str:
    """Return the identity of what runs, if it came from the same place."""
    return identity_of(live) if place_of(live) == ref.secret else ""

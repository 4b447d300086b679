"""What an image came to when it was first made: its base and its packages, for good.

The first run to resolve it tells all others, by records in the store; nothing is resolved twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from mlops.environments.lock import compile_lock
from mlops.environments.unpack import wheel_platform, with_platform
from mlops.errors import Problem, TargetError
from mlops.hashing import digest_json
from mlops.images.base import Facts, facts_of, facts_record
from mlops.images.inputs import ImageInputs
from mlops.images.server import REQUIREMENTS
from mlops.protocols import Means
from mlops.spec import Environment, Fields
from mlops.values import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base as it was found: `digest` pins it, in the words of who found it."""

    digest: str
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A base, and the locked packages of the user and of the server that fit it."""

    base: Base
    packages: str
    server: str


Look: TypeAlias = Callable[[], Iterator[Progress | Base]]
"""Finds a base, which takes a while; ends in it."""


def resolution(inputs: ImageInputs, look: Look, means: Means) -> Iterator[Progress | Resolution]:
    """Return what an image is made of; resolved once for everybody. Raises TargetError."""
    if inputs.lock:
        yield _resolved(means.recall(locked_path(inputs.lock)))
        return
    path = f"images/{inputs.tag}.json"
    told: Any = means.recall(path)
    if told is None:
        for step in look():
            if isinstance(step, Base):
                given: Fields = {"base": step.digest, "facts": facts_record(step.facts)}
                told = means.keep(path, given)
            else:
                yield step
    base = Base(digest=told["base"], facts=facts_of(told["facts"]))
    yield Progress(text="resolving packages")
    yield Resolution(
        base=base,
        packages=_locked(inputs.requirements, base.facts, means),
        server=_locked(REQUIREMENTS, base.facts, means),
    )


def locked_path(digest: str) -> str:
    """Return where a store keeps the entry of a digest."""
    return f"locked/{digest.removeprefix('sha256:')}.json"


def _resolved(told: Any) -> Resolution:
    """Return what `mlops.lock` says, or said. Raises TargetError."""
    if told is None:
        raise TargetError(
            Problem(
                summary="nobody knows the packages of this image: they are not in `mlops.lock`",
                hint="bring the `mlops.lock` of that commit back, and apply again",
            )
        )
    base = Base(digest=told["base"], facts=facts_of(told["facts"]))
    return Resolution(base=base, packages=told["packages"], server=told["server"])


def _locked(requirements: tuple[str, ...], facts: Facts, means: Means) -> str:
    """Return the packages that fit: another code or model never changes them."""
    platform = wheel_platform(facts.platform, facts.glibc)
    key = digest_json([sorted(requirements), facts.version, platform])
    path = f"environments/{key.removeprefix('sha256:')}.json"
    record = means.recall(path)
    if record is None:
        record = means.keep(path, {"packages": resolved_packages(requirements, facts)})
    return str(record["packages"])


def resolved_packages(requirements: tuple[str, ...], facts: Facts) -> str:
    """Ask the index for the packages that fit, whatever was resolved before."""
    platform = wheel_platform(facts.platform, facts.glibc)
    wanted = Environment(python=facts.version, requirements=requirements, digest="")
    try:
        return compile_lock(wanted, platform=platform)
    except TargetError as error:
        raise with_platform(error, facts.platform) from error

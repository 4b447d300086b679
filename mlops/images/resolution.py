"""What an image came to when it was first made: its base and its packages, for good.

The first run to resolve it tells all others, by records in the store; nothing is resolved twice.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mlops.environments.conda.brought import Brought
from mlops.environments.conda.solve import solved
from mlops.environments.lock import compile_lock
from mlops.environments.unpack import wheel_platform, with_platform
from mlops.environments.uv import WheelError
from mlops.errors import Problem, TargetError
from mlops.hashing import digest_json
from mlops.images.base import Base, Facts, facts_of, facts_record
from mlops.images.conda import conda_facts, placed, python_packages
from mlops.images.inputs import ImageInputs, locked_path
from mlops.images.layers import Kind
from mlops.images.server import PYTHON, REQUIREMENTS, needs_python
from mlops.protocols import Means
from mlops.spec import Environment, Fields
from mlops.values import Progress


class Resolution(Struct, frozen=True, kw_only=True):
    """A base, and the locked packages of the user and of the server that fit it.

    `conda` and `front` are conda's: the user's packages, and a Python for the server. Each is
    empty where there is none.
    """

    base: Base
    packages: str
    server: str
    conda: str = ""
    front: str = ""

    @property
    def facts(self) -> Facts:
        """What the user's packages lie upon."""
        found = self.base.facts
        return conda_facts(Kind.CONDA, self.conda, found) if self.conda else found

    @property
    def front_facts(self) -> Facts:
        """What the server's packages lie upon."""
        found = self.base.facts
        return conda_facts(Kind.FRONT, self.front, found) if self.front else self.facts


Look: TypeAlias = Callable[[], Iterator[Progress | Base]]
"""Finds a base, which takes a while; ends in it."""

Text: TypeAlias = Generator[Progress, None, str]
"""Finds a locked list, which takes a while."""


Build: TypeAlias = Callable[[ImageInputs, Base, Means], Text]
"""Builds what has no wheel from source upon a base; ends in the locked list, which it keeps."""


def resolution(
    inputs: ImageInputs, look: Look, means: Means, build: Build | None = None
) -> Iterator[Progress | Resolution]:
    """Return what an image is made of; resolved once for everybody. Raises TargetError.

    Without `build` nothing is built from source, but what was is found.
    """
    if inputs.steps:
        yield from _upon_steps(inputs, look, means, build)
        return
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
    yield (yield from resolved(inputs, base, means, build))


def _upon_steps(
    inputs: ImageInputs, look: Look, means: Means, build: Build | None
) -> Iterator[Progress | Resolution]:
    """Return what an image is made of whose base an engine made: each makes one of its own."""
    for step in look():
        if not isinstance(step, Base):
            yield step
        elif inputs.lock:
            yield replace(_resolved(means.recall(locked_path(inputs.lock))), base=step)
        else:
            yield (yield from resolved(inputs, step, means, build))


def resolved(
    inputs: ImageInputs, base: Base, means: Means | None = None, build: Build | None = None
) -> Generator[Progress, None, Resolution]:
    """Return the packages that fit a base. Without means, whatever was resolved before.

    Raises TargetError.
    """
    conda = front = ""
    if inputs.conda:
        try:
            conda = yield from _conda(inputs.conda, base.facts, means)
        except TargetError as error:
            raise placed(error, inputs) from error
    found = Resolution(base=base, packages="", server="", conda=conda)
    yield Progress(text="resolving packages")
    packages = yield from _packages(inputs, found, means, build)
    if needs_python(found.facts.version):
        front = yield from _conda(PYTHON, base.facts, means)
    found = Resolution(base=base, packages=packages, server="", conda=conda, front=front)
    server = yield from _wheels(REQUIREMENTS, found.front_facts, "", means)
    return Resolution(base=base, packages=packages, server=server, conda=conda, front=front)


def _resolved(told: Any) -> Resolution:
    """Return what `mlops.lock` says, or said. Raises TargetError."""
    if told is None:
        raise TargetError(
            Problem(
                summary="nobody knows the packages of this image: they are not in `mlops.lock`",
                hint="bring the `mlops.lock` of that commit back, and apply again",
            )
        )
    return Resolution(
        base=Base(digest=told["base"], facts=facts_of(told["facts"])),
        packages=told["packages"],
        server=told["server"],
        conda=told.get("conda", ""),
        front=told.get("front", ""),
    )


def _conda(asked: str, facts: Facts, means: Means | None) -> Text:
    """Return the conda packages that fit a base: its platform and its C library."""
    key = digest_json([asked, facts.platform, facts.glibc])
    find = solved(asked, facts.platform, facts.glibc)
    return (yield from _once(f"conda/{key.removeprefix('sha256:')}.json", find, means))


def built_path(inputs: ImageInputs, base: Base) -> str:
    """Return where a store keeps the list whose wheels were built upon a base."""
    key = digest_json([sorted(inputs.requirements), facts_record(base.facts), base.digest])
    return f"built/{key.removeprefix('sha256:')}.json"


def _packages(
    inputs: ImageInputs, found: Resolution, means: Means | None, build: Build | None
) -> Text:
    """Return the user's packages: wheels, or those built from source where one has none."""
    record = means.recall(built_path(inputs, found.base)) if means and inputs.requirements else None
    if record is not None:
        return str(record["packages"])
    try:
        return (yield from _wheels(inputs.requirements, found.facts, found.conda, means))
    except WheelError as error:
        if build is None or means is None or found.conda:
            raise _unbuilt(error, inputs, means) from error
    return (yield from build(inputs, found.base, means))


def _unbuilt(error: WheelError, inputs: ImageInputs, means: Means | None) -> WheelError:
    """Return that a package has no wheel, and why none is built."""
    also = "to build it from source, an image needs an engine"
    if means is None:
        also = "or do without `mlops.lock`: `mlops apply` builds it, and the store keeps it"
    if inputs.conda:
        also = "or ask conda for it: nothing is built for conda's Python"
    return WheelError(*(replace(one, hint=f"{one.hint}; {also}") for one in error.problems))


def _wheels(requirements: tuple[str, ...], facts: Facts, conda: str, means: Means | None) -> Text:
    """Return the packages that fit: another code or model never changes them."""
    platform = wheel_platform(facts.platform, facts.glibc)
    there = [conda] if conda and requirements else []
    key = digest_json([sorted(requirements), facts.version, platform, *there])
    find = _compiled(requirements, facts, conda)
    return (yield from _once(f"environments/{key.removeprefix('sha256:')}.json", find, means))


def _compiled(requirements: tuple[str, ...], facts: Facts, conda: str) -> Text:
    """Ask the index for the packages that fit, and that conda does not bring."""
    there: tuple[Brought, ...] = ()
    if conda and requirements:
        there = yield from python_packages(conda, facts.platform)
        yield Progress(text="resolving packages")
    wanted = Environment(python=facts.version, requirements=requirements, digest="")
    platform = wheel_platform(facts.platform, facts.glibc)
    try:
        return compile_lock(wanted, platform=platform, there=there)
    except TargetError as error:
        raise with_platform(error, facts.platform) from error


def _once(path: str, find: Text, means: Means | None) -> Text:
    """Return what is kept at `path`, found and kept now where nothing is."""
    record = means.recall(path) if means is not None else None
    if record is None:
        found = yield from find
        if means is None:
            return found
        record = means.keep(path, {"packages": found})
    return str(record["packages"])

"""The layer of the scoring server: our own files, and its packages in an environment of their own.

Nothing of it is on the user's path, and nothing of the user's on its.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock

from mlops.environments.conda.asked import asked_text
from mlops.environments.conda.channels import USUAL
from mlops.environments.versions import numbers
from mlops.hashing import digest_file, digest_json
from mlops.images import paths
from mlops.images.base import Facts
from mlops.images.environment import LAYOUT, Wheels, venv_members
from mlops.images.layers import Draft, Kind, Later, Member
from mlops.values import Progress

REQUIREMENTS = ("httptools>=0.6", "uvloop>=0.19")
"""What the front asks for; the worker asks for nothing."""

OLDEST = (3, 10)
"""What the front runs on; the worker runs on the user's Python, whatever that is."""

PYTHON = asked_text([USUAL], ["python>=3.10,<3.14"])
"""What is asked of conda where the user's Python is older: one that has wheels of REQUIREMENTS."""

SOURCE = Path(__file__).parents[1] / "serving"

_READING = Lock()
"""Held by the first who reads the files of the server, so that nobody reads them meanwhile."""


def needs_python(version: str) -> bool:
    """Tell whether the front cannot run on a Python like `3.8`, and needs one of its own."""
    return numbers(version) < OLDEST


def server_draft(lock: str, facts: Facts) -> Draft:
    """Return the layer of the server, whose packages are those of a lock."""
    with _READING:
        own = _own()
    wheels = Wheels(lock, facts, paths.SERVER)
    told = [LAYOUT, lock, facts.python, facts.version, facts.platform, facts.glibc]

    def find() -> Iterator[Progress | Member]:
        yield from venv_members(paths.SERVER, facts, system=False)
        yield from own
        yield from wheels.members()
        yield Member(path=paths.INSTANCE, everybody=True)

    return Draft(
        kind=Kind.SERVER,
        prefix=paths.SERVER,
        members=Later(find),
        known=digest_json([*told, *([member.path, member.digest] for member in own)]),
    )


@cache
def _own() -> tuple[Member, ...]:
    """Return the files of the server, some hundred kilobytes, which are read once a run."""
    return tuple(map(_member, sorted(SOURCE.rglob("*.py"))))


def _member(path: Path) -> Member:
    size, digest = digest_file(path, None)
    name = path.relative_to(SOURCE).as_posix()
    return Member(path=f"{paths.SERVED}/{name}", size=size, digest=digest, source=path)

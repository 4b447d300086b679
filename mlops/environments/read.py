"""Reads which Python and which packages an entry script asks for. Resolves and installs nothing."""

import platform
import sys
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from mlops.clients.text import control_character, read_source
from mlops.environments.conda.read import Conda, conda_text, read_conda
from mlops.environments.requirements import Requirement, read_requirements
from mlops.environments.versions import OLDEST, numbers, running_version
from mlops.errors import Problem, SpecError, Where
from mlops.hashing import digest_json
from mlops.spec import CondaPackages, Environment


def read_environment(
    *, requirements: Path | None, conda_file: Path | None, python: str | None, where: Where
) -> tuple[Environment | None, tuple[Problem, ...]]:
    """Return the environment that a requirements or a conda file asks for, or the problems.

    `python` is what the inference block says; `where` is the place of that, or of the block.
    """
    conda = read_conda(conda_file, where) if conda_file else Conda()
    wanted, problems = list(conda.requirements), list(conda.problems)
    if requirements is not None:
        found, wrong = _requirements(requirements, where)
        wanted += found
        problems += wrong
    problems += _disagreement(conda, python, where)
    if problems:
        return None, tuple(problems)
    pin = max(conda.pin or "", python or "", key=lambda version: version.count("."))
    plain = _environment(pin or running_version(), wanted)
    text = conda_text(conda, plain.python)
    if not text:
        return plain, ()
    packages = CondaPackages(text=text, file=str(conda_file), where=conda.real[0])
    return replace(plain, conda=packages, digest=digest_json([plain.digest, text])), ()


def _environment(pin: str, wanted: list[Requirement]) -> Environment:
    digest = _digest(pin, (item.normal for item in wanted))
    return Environment(
        python=_minor(pin), requirements=tuple(item.text for item in wanted), digest=digest
    )


def environment_of(python: str, requirements: tuple[str, ...]) -> Environment:
    """Return the environment with these requirements, which are written in their normal form."""
    digest = _digest(python, requirements)
    return Environment(python=python, requirements=requirements, digest=digest)


def _digest(pin: str, requirements: Iterable[str]) -> str:
    return digest_json(
        {
            "python": pin,
            "requirements": sorted(requirements),
            "platform": [sys.platform, platform.machine()],
        }
    )


def _requirements(path: Path, where: Where) -> tuple[tuple[Requirement, ...], tuple[Problem, ...]]:
    try:
        source = read_source(path, where)
    except SpecError as error:
        return (), error.problems
    control = control_character(source)
    return ((), (control,)) if control else read_requirements(source)


def _disagreement(conda: Conda, python: str | None, where: Where) -> list[Problem]:
    """Say where the conda file and the block, or this machine, want different Pythons."""
    minor = _minor(python or conda.pin or running_version())
    if conda.pin and _minor(conda.pin) != minor:
        place = f"{conda.where.file}:{conda.where.line}" if conda.where else "the conda file"
        summary = f"`python` is {python} here and {conda.pin} in {place}"
        return [Problem(summary=summary, where=where, hint="write the same version in both")]
    if not OLDEST <= numbers(minor) < (4, 0):
        return [_unserved(minor, where if python else conda.where or where)]
    if conda.limits and not _allowed(minor, conda.limits):
        summary = f"Python {minor} is outside of `python{conda.limits}`"
        hint = f"write `python={minor}` in the conda file, or `python` in the inference block"
        return [Problem(summary=summary, where=conda.where or where, hint=hint)]
    return []


def _unserved(version: str, where: Where) -> Problem:
    oldest = ".".join(map(str, OLDEST))
    hint = f"write a version of Python 3 from {oldest} on, as 3.11"
    return Problem(summary=f"Python {version} cannot serve", where=where, hint=hint)


def _allowed(minor: str, limits: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - slow

    try:
        # A bound such as `>=3.8.2` is met by some patch of 3.8.
        allowed = SpecifierSet(limits)
    except InvalidSpecifier:
        return False
    return minor in allowed or f"{minor}.99" in allowed


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])

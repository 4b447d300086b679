"""Why a package could not be built from source, told from what its build printed. Pure."""

import re
from collections.abc import Sequence

from msgspec import Struct

from mlops.errors import Problem

BROUGHT = (
    "ask for a version that has a wheel; or put what it needs into the base, by"
    " `extra_dockerfile_steps`"
)
COMPILER = (
    "ask for a version that has a wheel; or use a `base_image` with a compiler: `python:3.11` has"
    " one, `python:3.11-slim` has none; or install one by `extra_dockerfile_steps`"
)


class Lack(Struct, frozen=True, kw_only=True):
    """What a base lacks where a line of a build says so; `told` takes what the pattern found."""

    pattern: str
    told: str
    hint: str = COMPILER


LACKS = (
    Lack(
        pattern=r"command '([^']+)' failed: No such file",
        told="the base image has no compiler `{}`",
    ),
    Lack(
        pattern=r"unable to execute '([^']+)': No such file",  # an older setuptools
        told="the base image has no compiler `{}`",
    ),
    Lack(
        pattern=r"Unknown compiler\(s\): \[+'([^']+)'",
        told="the base image has no compiler `{}`",
    ),
    Lack(
        pattern=r"No (CMAKE_\w+_COMPILER) could be found",
        told="the base image has no compiler: CMake finds no `{}`",
    ),
    Lack(
        pattern=r"can't find (R)ust compiler|(r)ustc, the rust compiler is not installed",
        told="the base image has no compiler `rustc`",
        hint=BROUGHT,
    ),
    Lack(
        pattern=r"fatal error: (\S+): No such file",
        told="the base image has no header `{}`",
        hint=BROUGHT,
    ),
)


def unbuilt(said: Sequence[str], code: int) -> Problem:
    """Return what went wrong, of the lines that pip printed before it ended with a code."""
    because, hint = _lack(said) or (_last(said, code), BROUGHT)
    return Problem(
        summary=f"a package has no wheel, and can't be built from source: {because}", hint=hint
    )


def _lack(said: Sequence[str]) -> tuple[str, str] | None:
    """Return what the base lacks, and what to do about it, if a line says so."""
    for lack in LACKS:
        for line in said:
            found = re.search(lack.pattern, line)
            if found:
                return lack.told.format(found[1]), lack.hint
    return None


def _last(said: Sequence[str], code: int) -> str:
    """Return the last thing that pip calls an error, without passwords of addresses."""
    told = [line.partition("ERROR: ")[2] for line in said if "ERROR: " in line]
    because = told[-1].rstrip(".") if told else f"pip ended with exit code {code}"
    return re.sub(r"(?<=://)[^/\s@]+@", "", because)

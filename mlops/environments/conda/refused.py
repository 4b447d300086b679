"""The words of `rattler` about what it cannot do, as one problem with what to do about it. Pure."""

import re
from collections.abc import Sequence

from mlops.errors import Problem

_NONE = re.compile(r"No candidates were found for ([\w.-]+)([^\n]*?)\.?\s*$", re.MULTILINE)
_CAUSE = re.compile(r"\s*Caused by:\s*")
_DRAWN = re.compile(r"^[\s\u2502\u251c\u2514\u2500]+")
_WRONG = ("unable to parse", "invalid", "unexpected")
_MOST = 600
"""Characters of a reason that are told: the whole can have thousands of lines."""


def lacked(said: str) -> str:
    """Return the name of the package that no channel has; empty where it is something else."""
    found = _NONE.search(said)
    return found[1] if found else ""


def refused(said: str, near: Sequence[str], channels: Sequence[str], platform: str) -> Problem:
    """Return why packages cannot be had. `near` are some that are there, where one is not."""
    asked = ", ".join(f"`{channel}`" for channel in channels)
    nobody = _NONE.search(said)
    if nobody is not None:
        wanted = f"{nobody[1]}{nobody[2]}".replace(" *", "").strip()
        there = ", ".join(f"`{name}`" for name in near)
        return Problem(
            summary=f"no channel has the conda package `{wanted}` for `{platform}`",
            hint=f"there is {there}; asked: {asked}"
            if near
            else f"correct its name, or name another channel; asked: {asked}",
        )
    if "Cannot solve" in said:
        return Problem(
            summary=f"the conda packages do not fit together: {_reason(said)}",
            hint="correct the names and versions in the conda file",
        )
    causes = [cause.strip() for cause in _CAUSE.split(said) if cause.strip()]
    summary = ": ".join(dict.fromkeys(causes))[:_MOST]
    if summary.startswith(_WRONG):
        return Problem(
            summary=f"a conda package is asked for wrongly: {summary}",
            hint="correct it in the conda file",
        )
    return Problem(
        summary=f"the packages of a conda channel cannot be had: {summary}",
        hint=f"check the network and the channels; asked: {asked}",
    )


def _reason(said: str) -> str:
    """Return the drawn tree of a conflict as one sentence."""
    lines = [_DRAWN.sub("", line).strip() for line in said.splitlines()]
    kept = [
        line.removesuffix(".").replace(" *", "")
        for line in lines
        if line and "Cannot solve" not in line and "packages are incompatible" not in line
    ]
    text = "; ".join(kept).replace(":;", ":").replace("would require;", "would require")
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"

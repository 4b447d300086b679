"""Who may ask, how, and what is written about it: the small blocks of `settings.json`. Pure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .limits import UnfitError


class Tls(NamedTuple):
    """Where the certificate (with its chain) and its key are, in PEM."""

    certificate: Path
    key: Path


class Logs(NamedTuple):
    """How the log is written: `text` or `json`, and whether each request leaves a line."""

    format: str = "text"
    requests: bool = False


def tls(given: Mapping[str, Any] | None, folder: Path) -> Tls | None:
    """Read the `tls` block."""
    if given is None:
        return None
    return Tls(certificate=folder / given["certificate"], key=folder / given["key"])


def origins(given: Sequence[str] | None, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Read the origins that browsers may ask from; v1 has them in a variable, by commas."""
    if given is None:
        said = variables.get("AML_CORS_ORIGINS", "")
        return tuple(origin.strip() for origin in said.split(",") if origin.strip())
    if isinstance(given, str):
        raise UnfitError("`cors` in `settings.json` is no list of origins")
    return tuple(str(origin) for origin in given)


def logs(given: Mapping[str, Any]) -> Logs:
    """Read the `logs` block."""
    kind = choice(given, "format", ["text", "json"])
    return Logs(format=kind, requests=bool(given.get("requests", False)))


def choice(given: Mapping[str, Any], name: str, words: Sequence[str]) -> str:
    """Return one of the words; the first one unless another is said."""
    value = given.get(name)
    if value is None:
        return words[0]
    if value not in words:
        allowed = ", ".join(dict.fromkeys(words))
        raise UnfitError(f"`{name}` in `settings.json` is `{value}`, not one of {allowed}")
    return str(value)

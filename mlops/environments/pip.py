"""What pip in a container is told of the indexes that uv asks on this machine. Never a password."""

import netrc
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from mlops.environments.uv import clean
from mlops.errors import Problem, TargetError

_INDEXES = {
    "UV_INDEX_URL": "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_EXTRA_INDEX_URL": "PIP_EXTRA_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
}
_PASSWORD = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)|UV_KEYRING_PROVIDER|UV_CLIENT_CERT")
_NAMED = re.compile(r"^\w[\w-]*=(?=https?://)")


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that let pip ask the same indexes.

    Raises TargetError where one asks for a password: without it pip would look elsewhere.
    """
    given = clean(environ)
    found: dict[str, list[str]] = {}
    for theirs, ours in _INDEXES.items():
        for address in given.get(theirs, "").split():
            found.setdefault(ours, []).append(_NAMED.sub("", address))
    addresses = [address for group in found.values() for address in group]
    if any(_PASSWORD.fullmatch(name) for name in given) or any(map(_locked, addresses)):
        raise TargetError(
            Problem(
                summary="a package has no wheel, and what builds it from source is told no"
                " password of your package index",
                hint="publish a wheel of it there, or put the package into a `base_image`",
            )
        )
    default = found.get("PIP_INDEX_URL", [])[-1:]
    extra = found.get("PIP_EXTRA_INDEX_URL", [])
    return dict(_told(" ".join(default), " ".join(extra)))


def _told(default: str, extra: str) -> Iterator[tuple[str, str]]:
    if default:
        yield "PIP_INDEX_URL", default
    if extra:
        yield "PIP_EXTRA_INDEX_URL", extra


def _locked(address: str) -> bool:
    """Tell whether this machine has a password for an index."""
    parts = urlsplit(address)
    try:
        return bool("@" in parts.netloc or netrc.netrc().authenticators(parts.hostname or ""))
    except (OSError, netrc.NetrcParseError):
        return False

"""Where the packages of a channel lie, told from its name or its address. Asks nobody. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

ALIAS = "CONDA_CHANNEL_ALIAS"
"""conda's own variable: where channels lie that are only named."""

PUBLIC = "https://conda.anaconda.org"
USUAL = "conda-forge"
"""The channel of a file that names none."""

DEFAULTS = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")
"""What conda calls `defaults`."""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)*")
_TOKEN = re.compile(r"/t/[^/]+/")


def wrong_channel(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a channel as written, and what to do; None for nothing."""
    if "://" not in text:
        if _NAME.fullmatch(text):
            return None
        return f"`{text}` is no channel", "write a name as `conda-forge`, or an https address"
    return _wrong_address(text)


def _wrong_address(text: str) -> tuple[str, str] | None:
    try:
        found = urlsplit(text)
        host, user = found.hostname or "", found.username or found.password
    except ValueError:
        return f"`{text}` is no address", "write one as `https://conda.example/team`"
    # The address itself stands in neither sentence: it holds a secret.
    if user is not None or _TOKEN.search(found.path):
        return (
            f"the address of a channel at `{host}` holds a password or token",
            "remove it: it would be written down; let a mirror that needs none serve the channel",
        )
    if found.query or found.fragment or not host:
        return f"`{text}` is no address of a channel", "write `https://`, its host and its path"
    if found.scheme == "https" or (found.scheme == "http" and _loopback(host)):
        return None
    hint = "write `https://`; only channels of this machine may be asked without"
    return f"the channel `{text}` is not asked by https", hint


def addresses(channels: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the addresses of channels, in their order, each once."""
    return tuple(dict.fromkeys(_addresses(channels, environ.get(ALIAS) or PUBLIC)))


def _addresses(channels: Iterable[str], alias: str) -> Iterator[str]:
    for channel in channels:
        if "://" in channel:
            yield channel.rstrip("/")
        elif channel == "defaults":
            yield from DEFAULTS
        elif channel != "nodefaults":
            yield f"{alias.rstrip('/')}/{channel}"


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

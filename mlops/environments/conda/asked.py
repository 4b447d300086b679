"""What a conda file asks for in the one form that equal asks share: it names an image. Pure."""

import json
import re
from collections.abc import Iterable

from msgspec import Struct

_PARTS = re.compile(r"(?:(?P<channel>[^\s\[\]]+)::)?(?P<name>[A-Za-z0-9_][\w.-]*)(?P<rest>.*)")
_REST = re.compile(r"[\w.*+!<>=~,| -]*")
_OPERATOR = re.compile(r"\s*([<>=!~,|]+)\s*")


class Package(Struct, frozen=True, kw_only=True):
    """A conda package as a file asks for it. `rest` is its version and build, as `=1.26=py311_0`.

    `channel` is empty where any may have it.
    """

    channel: str
    name: str
    rest: str

    @property
    def text(self) -> str:
        """The whole, as conda writes it."""
        return f"{self.channel}::{self.name}{self.rest}" if self.channel else self.name + self.rest


class Asked(Struct, frozen=True, kw_only=True):
    """Channels, the first before the others, and what is wanted of them."""

    channels: tuple[str, ...]
    packages: tuple[Package, ...]


def package_of(text: str) -> Package | None:
    """Return the package that `name=1.26`, `channel::name >=1` and the like ask for, or None."""
    found = _PARTS.fullmatch(text.strip())
    if found is None or not _REST.fullmatch(found["rest"]):
        return None
    rest = " ".join(_OPERATOR.sub(r"\1", found["rest"]).split())
    spaced = rest[:1].isalnum() or rest[:1] == "*"
    if spaced and not found["rest"].startswith(" "):
        return None
    return Package(
        channel=(found["channel"] or "").rstrip("/"),
        name=found["name"].lower(),
        rest=f" {rest}" if spaced else rest,
    )


def asked_text(channels: Iterable[str], packages: Iterable[str]) -> str:
    """Return the text of a conda file, one for all that ask for the same."""
    told = {"channels": list(channels), "dependencies": sorted(set(packages))}
    return json.dumps(told, sort_keys=True)


def asked_of(text: str) -> Asked:
    """Return what a text of `asked_text` asks for."""
    told = json.loads(text)
    found = (package_of(line) for line in told["dependencies"])
    return Asked(
        channels=tuple(told["channels"]), packages=tuple(one for one in found if one is not None)
    )

"""References to images, as people write them: `python:3.11-slim`, `host:5000/name@sha256:…`."""

import ipaddress
import re

from msgspec import Struct

from mlops.errors import Problem, SpecError

HUB = "docker.io"
"""What is meant where no host is named."""

HUB_HOST = "registry-1.docker.io"
"""Who answers for it."""

_HOST = re.compile(r"(localhost|[\w-]+(\.[\w-]+)+|[\w-]+(?=:)|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?")
_PATH = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Reference(Struct, frozen=True, kw_only=True):
    """One image, or one repository (without tag and digest). `host` may hold a port.

    `scheme` is what was written before it, empty as a rule.
    """

    host: str
    repository: str
    tag: str = ""
    digest: str = ""
    scheme: str = ""

    @property
    def name(self) -> str:
        """The repository as an engine or a cluster is told it."""
        return f"{self.host}/{self.repository}"

    @property
    def server(self) -> str:
        """The host that is asked, with its port."""
        return HUB_HOST if self.host == HUB else self.host

    @property
    def plain(self) -> bool:
        """Whether it is spoken to without TLS: where that is written, and on this machine."""
        return self.scheme == "http" or (self.scheme != "https" and _loopback(self.host))

    @property
    def pointer(self) -> str:
        """What names the manifest within the repository: the digest, else the tag."""
        return self.digest or self.tag or "latest"


def reference(text: str) -> Reference:
    """Return what a reference says. Raises SpecError."""
    scheme, separator, rest = text.rpartition("://")
    rest, _, digest = rest.partition("@")
    host, _, path = rest.partition("/")
    if not path or not _HOST.fullmatch(host):
        host, path = HUB, rest
    path, _, tag = path.partition(":")
    if host == HUB and "/" not in path:
        path = f"library/{path}"
    fits = _PATH.fullmatch(path) and (not tag or _TAG.fullmatch(tag))
    fits = fits and (not digest or _DIGEST.fullmatch(digest))
    if not fits or (separator and scheme not in ("http", "https")) or len(path) > 255:
        raise SpecError(
            Problem(
                summary=f"`{text}` is no reference of an image",
                hint="write it as `python:3.11-slim` or `registry.example/team/name:tag`",
            )
        )
    return Reference(host=host, repository=path, tag=tag, digest=digest, scheme=scheme)


def _loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False

"""What browsers of other origins may do: v1's headers. Pure."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from .answers import EMPTY, Answer

METHODS = b"access-control-allow-methods: GET, POST\r\n"
EXPOSED = (
    b"access-control-expose-headers: x-request-id, x-ms-request-id, x-ms-client-request-id, "
    b"x-ms-run-function-failed, x-ms-run-fn-exec-ms, x-ms-server-version\r\n"
)
AGE = b"access-control-max-age: 600\r\n"


class Cors:
    """The origins that are let in; `*` stands for any characters."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._patterns = tuple(origin.lower() for origin in origins)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def allows(self, origin: bytes) -> bool:
        """Say whether an origin is let in."""
        text = origin.decode("latin-1").lower()
        return any(fnmatchcase(text, pattern) for pattern in self._patterns)

    def head(self, known: Mapping[bytes, bytes]) -> bytes:
        """Write the headers of an answer to this request."""
        origin = known.get(b"origin")
        if origin is None or not self.allows(origin):
            return b"vary: Origin\r\n"
        return b"access-control-allow-origin: %b\r\nvary: Origin\r\n%b" % (origin, EXPOSED)

    def preflight(self, known: Mapping[bytes, bytes]) -> Answer | None:
        """Answer a browser that asks beforehand; nothing if this is no such request."""
        if b"origin" not in known or b"access-control-request-method" not in known:
            return None
        if not self.allows(known[b"origin"]):
            return Answer(200, EMPTY, b"")
        asked = known.get(b"access-control-request-headers", b"")
        headers = b"access-control-allow-headers: %b\r\n" % asked if asked else b""
        return Answer(200, EMPTY + METHODS + headers + AGE, b"")

"""The routes. Speaks in requests and answers; knows workers only through the pool."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

from .. import VERSION
from ..worker import wire
from . import identity, oip
from .access import requested
from .answers import EMPTY, IS_TEXT, Answer, document, message
from .crew import Crew
from .fingerprints import fingerprints
from .metrics import CONTENT, Metrics
from .reader import DISCARD, too_large
from .request import Request
from .routes import Rules, label
from .swagger import Swagger
from .tensors import Tensors, opened
from .traces import Traces

log = logging.getLogger("mlops_serving")

NO_SUCH = (
    "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
ALLOW = b"allow: %b\r\n"
NO_METHOD = "The method is not allowed for the requested URL."
WORDS = {
    "starting": "The service is starting.",
    "unfit": "The service is not ready: a check failed.",
}
CHALLENGE = b'www-authenticate: Bearer realm="score"\r\n'
WRONG = b'www-authenticate: Bearer realm="score", error="invalid_token"\r\n'


class Scores(Protocol):
    """Who has workers."""

    crew: Crew

    def score(self, request: Request) -> None:
        """Have a worker answer a request."""


class App:
    """Answers every request of one service."""

    def __init__(self, rules: Rules, pool: Scores, measured: Callable[[], bytes]) -> None:
        self.rules = rules
        self.metrics = Metrics()
        self.swagger = Swagger()
        self.state = "starting"
        self.refusing = False
        self.traces: Traces | None = None
        self.reasons: tuple[str, ...] = ()  # why it is unfit
        self._pool = pool
        self._measured = measured
        self._tensors = Tensors(pool)

    @property
    def _asks(self) -> Mapping[str, Any]:
        return self._pool.crew.asks

    def headed(self, request: Request) -> None:
        """Refuse by the headers alone whatever can be, so that no body is kept for it."""
        if self.traces is not None:
            self.traces.begin(request)
        answer = self._refusal(request)
        if answer is None and (request.path == "/score" or request.path.endswith("/infer")):
            answer = self._unfit(request)
        if answer is not None and self.rules.cors:
            answer = answer._replace(head=answer.head + self.rules.cors.head(request.known))
        request.refused = answer

    def answer(self, request: Request) -> Answer | None:
        """Answer a request whose headers passed, or have a worker do it."""
        if request.path == "/score":
            if self.rules.cors:
                request.shaped = opened(self.rules.cors.head(request.known))
            self._pool.score(request)
            return None
        if request.path.startswith(oip.ROOT):
            return self._tensors.answer(request, self.rules, ready=self.state == "ready")
        answer = self._plain(request)
        return opened(self.rules.cors.head(request.known))(answer) if self.rules.cors else answer

    @property
    def signature(self) -> bytes:
        """Return the header by which every answer says who gave it, or nothing."""
        return self.rules.signature

    def answered(self, request: Request, status: int, seconds: float) -> None:
        """Count an answer, and write its line if lines are wanted."""
        self.metrics.answered(label(request.path), status, seconds)
        if self.traces is not None:
            self.traces.finish(request, status, seconds)
        if self.rules.logs:
            requested(request, status, seconds)

    def _refusal(self, request: Request) -> Answer | None:
        """Refuse what is too long, what is not there, and who may not."""
        path, method = request.path, request.method
        too_long = identity.refusal(request.known)
        if too_long:
            return message(431, too_long)
        allowed = self.rules.allowed(path)
        if not allowed:
            return message(404, NO_SUCH)
        if method == "OPTIONS" and self.rules.cors:
            preflight = self.rules.cors.preflight(request.known)
            if preflight is not None:
                return preflight
        if method == "OPTIONS" and method not in allowed:
            return Answer(200, IS_TEXT + ALLOW % ", ".join(("OPTIONS", *allowed)).encode(), b"")
        if method not in allowed and not (path == "/score" and self._asks.get("raw")):
            return message(405, NO_METHOD, ALLOW % ", ".join(allowed).encode())
        return self._stranger(request) if self.rules.locked(path) else None

    def _stranger(self, request: Request) -> Answer | None:
        """Refuse who bears no key."""
        given = request.known.get(b"authorization")
        if given is None:
            return message(401, "A key is needed: `Authorization: Bearer <key>`.", CHALLENGE)
        if self.rules.keys is None or not self.rules.keys.match(given):
            return message(401, "The key is not valid.", WRONG)
        return None

    def _unfit(self, request: Request) -> Answer | None:
        """Answer a request to `/score` that will not be scored."""
        if self.refusing or self.state in WORDS:
            return message(503, WORDS.get(self.state, f"The service is {self.state}."))
        if request.method == "OPTIONS" and not self._asks.get("raw"):
            return Answer(200, EMPTY, b"")
        most = self.rules.limits.max_body
        length = int(request.known.get(b"content-length", b"0"))  # the parser lets digits through
        if length <= most:
            return None
        request.keep_alive &= length <= most + DISCARD
        return message(413, too_large(most))

    def _plain(self, request: Request) -> Answer:
        """Answer the routes beside `/score`."""
        path = request.path
        if path == "/swagger.json":
            query = parse_qs(request.query.decode("latin-1"), keep_blank_values=True)
            return self.swagger.answer(query.get("version", ["2"])[0])
        if path == "/metrics":
            return Answer(200, CONTENT, self._measured())
        if path == "/.mlops/settings":
            return running(self.rules, request)
        return self._health(path)

    def _health(self, path: str) -> Answer:
        if path == "/livez":
            return document(200, {"status": "alive"})
        if path == "/readyz":
            state = self.state if self._pool.crew.live or self.state != "ready" else "restarting"
            why = {"reasons": self.reasons} if state == "unfit" else {}
            return document(200 if state == "ready" else 503, {"status": state, **why})
        if self.state in WORDS:
            return message(503, WORDS[self.state])
        return Answer(200, IS_TEXT, b"Healthy")

    def learn(self, born: wire.Frame) -> None:
        """Take the documents that a new worker built from its script."""
        self.swagger.texts = json.loads(born[4])


def running(rules: Rules, request: Request) -> Answer:
    """Say what runs, to who knows a key."""
    key = rules.keys.match(request.known[b"authorization"]) if rules.keys else ""
    values = rules.keys.values if rules.keys else {}
    digests = fingerprints(key, rules.settings.document, values)
    about = {"service": rules.settings.service, "server": VERSION, "settings": rules.digest}
    return document(200, {**about, "digests": digests})

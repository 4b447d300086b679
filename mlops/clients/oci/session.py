"""Speaks HTTP to one registry: TLS, tokens, patience. Credentials go nowhere else.

Repeats only what may be repeated; follows redirects of reads, without credentials.
"""

import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import urllib3
from msgspec import Struct
from msgspec.structs import replace

import mlops
from mlops.clients.oci.login import Login, docker_login
from mlops.clients.oci.reference import Reference
from mlops.clients.oci.tokens import (
    Challenge,
    Request,
    basic,
    challenge,
    check_realm,
    request,
    token,
)
from mlops.clients.oci.words import may_pass, refused
from mlops.digesting import BUFFER
from mlops.errors import Problem, TargetError
from mlops.plain import NOTHING

ATTEMPTS = 5
LONGEST_WAIT = 30.0
"""Seconds between two attempts at most, whatever the registry asks for."""

CONNECT, READ = 10.0, 300.0
"""Seconds until a connection counts as refused, or as broken: a registry may hash gigabytes
before it answers the last call of an upload."""

CONNECTIONS = 8
"""Requests at once: a registry far away takes a tenth of a second for each answer."""

REDIRECTS = 5
CERTIFICATES = (Path("/etc/docker/certs.d"), Path("~/.docker/certs.d"))
"""Where Docker looks for the authority of a private registry: `<host>/*.crt`."""


class Ask(Struct, frozen=True, kw_only=True):
    """One request. `scopes` are the rights that it needs, as registries name them.

    A `body` that is no bytes can be read only once.
    """

    method: str
    path: str
    scopes: tuple[str, ...] = ()
    headers: Mapping[str, str] = NOTHING
    body: bytes | Iterable[bytes] | None = None
    stream: bool = False


class Answer(Protocol):
    """What came back: the whole body, or, of a request that streams, a part at a time."""

    status: int
    headers: Any
    data: bytes

    def stream(self, amt: int) -> Iterator[bytes]:
        """Yield the body, `amt` bytes at once."""

    def drain_conn(self) -> None:
        """Leave the rest unread."""


class BrokenError(Exception):
    """A call failed in a way that may pass."""


class Session:
    """A registry that we speak to. Safe to share between threads."""

    def __init__(
        self,
        place: Reference,
        login: Callable[[], Login | None] = lambda: None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Speak to the registry of `place`. `login` is called when the registry asks who we are."""
        self.host = place.server
        self.read: dict[tuple[str, str], bytes] = {}
        """What was read of it, by repository and digest: nothing else is ever there under one."""
        self._base = f"{'http' if place.plain and not _authority(place) else 'https'}://{self.host}"
        self._place = place
        self._login = login
        self._sleep = sleep
        self._pool: Any = None
        self._lock = Lock()
        self._known: dict[tuple[str, ...], str] = {}

    def call(self, ask: Ask, *, expect: Collection[int] = (200,), what: str) -> Answer:
        """Return the answer. What fails in passing is repeated, so it must not be harmful twice.

        Raises TargetError in the registry's words for a status that is not expected.
        """
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                answer = self.once(ask)
            except BrokenError as error:
                if last:
                    raise self.failed(what, str(error)) from error
                self.wait(attempt)
                continue
            if answer.status in expect:
                return answer
            if last or not may_pass(answer.status, answer.data):
                raise refused(self.host, what, answer.status, answer.data)
            self.wait(attempt, answer)
        raise AssertionError

    def once(self, ask: Ask) -> Answer:
        """Send one request, again if the registry asks who we are. Raises BrokenError.

        A body that can be read only once is not sent again: the answer is 401 then.
        """
        answer = self._sent(ask)
        asked = challenge(answer.headers.get("WWW-Authenticate", ""))
        if answer.status != 401 or asked is None:
            return answer
        before = answer.data
        self._authorize(asked, ask.scopes)
        if not (ask.body is None or isinstance(ask.body, bytes)):
            return answer
        answer = self._sent(ask)
        if answer.status == 401 and not answer.data:
            raise refused(self.host, "be asked", 401, before)
        return answer

    def parts(self, answer: Answer) -> Iterator[bytes]:
        """Yield the body of an answer that streams. Raises BrokenError."""
        try:
            yield from answer.stream(BUFFER)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise BrokenError(reason(error)) from error

    def wait(self, attempt: int, answer: Answer | None = None) -> None:
        """Wait before the next attempt: as long as the registry asks for, else twice as long."""
        asked = answer.headers.get("Retry-After", "") if answer is not None else ""
        seconds = float(asked) if asked.isdigit() else 0.25 * 2**attempt
        self._sleep(min(seconds, LONGEST_WAIT))

    def failed(self, what: str, why: str) -> TargetError:
        """Return the error that the registry could not be asked to do something."""
        return TargetError(
            Problem(
                summary=f"can't {what} at the registry `{self.host}`: {why}",
                hint="check its address, the network, and that it runs; then apply again",
            )
        )

    def _sent(self, ask: Ask) -> Answer:
        """Send a request, with what we know of us, and follow where it leads."""
        url = urljoin(self._base, ask.path)
        for _ in range(REDIRECTS):
            headers = {"User-Agent": f"mlops/{mlops.__version__}", **ask.headers}
            known = self._known.get(ask.scopes) or self._known.get(())
            if known and self._ours(url):
                headers["Authorization"] = known
            answer = self._exchanged(replace(ask, path=url, headers=headers))
            moved = answer.headers.get("Location", "")
            if not (300 <= answer.status < 400 and moved and ask.method in ("GET", "HEAD")):
                return answer
            answer.drain_conn()
            url = self._followed(url, moved)
        raise BrokenError("it redirects without end")

    def _followed(self, url: str, moved: str) -> str:
        """Return where a redirect leads. Raises BrokenError where that leaves TLS."""
        goal = urljoin(url, moved)
        if urlsplit(goal).scheme not in ("https", urlsplit(self._base).scheme):
            raise BrokenError("it redirects away from TLS")
        return goal

    def _ours(self, url: str) -> bool:
        there, here = urlsplit(url), urlsplit(self._base)
        return (there.scheme, there.netloc) == (here.scheme, here.netloc)

    def _exchanged(self, ask: Ask) -> Answer:
        """Send a request whose path is a whole address. Raises BrokenError, TargetError."""
        try:
            answer: Answer = self._connections().request(
                ask.method,
                ask.path,
                headers=dict(ask.headers),
                body=ask.body,
                timeout=urllib3.Timeout(connect=CONNECT, read=READ),
                redirect=False,
                preload_content=not ask.stream,
            )
        except urllib3.exceptions.HTTPError as error:
            _check_certificate(error, self.host)
            raise BrokenError(reason(error)) from error
        return answer

    def _connections(self) -> Any:
        with self._lock:
            if self._pool is None:
                # Reading the authorities of this machine takes 50 ms.
                context = None if self._base.startswith("http:") else _context(self._place)
                self._pool = urllib3.PoolManager(
                    ssl_context=context, retries=False, maxsize=CONNECTIONS
                )
            return self._pool

    def _authorize(self, asked: Challenge, scopes: tuple[str, ...]) -> None:
        """Get what the next request will bear. Raises TargetError where we are refused."""
        login = self._login()
        if asked.scheme == "basic":
            self._known[()] = basic(login).get("Authorization", "")
            return
        check_realm(asked.realm, self._base)
        try:
            answer = self._exchanged(_token_ask(request(asked, scopes, login)))
        except BrokenError as error:
            raise self.failed("get a token", str(error)) from error
        granted = token(answer.data)
        if answer.status not in (200, 201) or not granted:
            raise refused(self.host, "give a token", answer.status, answer.data)
        self._known[scopes] = f"Bearer {granted}"


class Sessions:
    """The registries that somebody speaks to: each asks only once who we are.

    Safe to share between threads.
    """

    def __init__(self, login: Callable[[str], Login | None] = docker_login) -> None:
        """Speak to registries. `login` says who we are for a host, when its registry asks."""
        self.login = login
        self._lock = Lock()
        self._known: dict[tuple[str, bool], Session] = {}

    def at(self, place: Reference) -> Session:
        """Return the session of the registry of a place."""
        with self._lock:
            key = place.server, place.plain
            if key not in self._known:
                self._known[key] = Session(place, lambda: self.login(place.host))
            return self._known[key]


def _token_ask(wanted: Request) -> Ask:
    return Ask(method=wanted.method, path=wanted.url, headers=wanted.headers, body=wanted.body)


def reason(error: BaseException) -> str:
    """Return the innermost of the words that a library wraps into each other."""
    cause = error
    while inner := cause.__cause__ or getattr(cause, "reason", None):
        if not isinstance(inner, BaseException):
            break
        cause = inner
    words = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return str(words).splitlines()[0]


def _context(place: Reference) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for file in _authority(place):
        context.load_verify_locations(file)
    return context


def _authority(place: Reference) -> list[Path]:
    """Return the certificates that Docker would trust for a registry."""
    folders = (folder.expanduser() / place.server for folder in CERTIFICATES)
    return [file for folder in folders for file in sorted(folder.glob("*.crt"))]


def _check_certificate(error: Exception, host: str) -> None:
    """Raise TargetError if a certificate is what is wrong: that does not pass."""
    cause: Any = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        raise TargetError(
            Problem(
                summary=f"nobody vouches for the certificate of the registry `{host}`:"
                f" {cause.verify_message}",
                hint=f"put the certificate of its authority into {CERTIFICATES[0]}/{host}/ca.crt",
            )
        ) from error

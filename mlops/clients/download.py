"""Fetches a file over HTTP: resumed where a connection broke, kept only if its digest is right.

Tells nobody the query, the user or the password of an address: they may be secrets.
"""

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import mlops
from mlops.clients.text import address_shown
from mlops.digesting import BUFFER
from mlops.errors import Problem, TargetError
from mlops.hashing import digest_file
from mlops.writing import alone

ATTEMPTS = 5
LONGEST_WAIT = 30.0
"""Seconds between two attempts at most, whatever the server asks for."""

TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as broken."""

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same request may well be answered better."""


class _BrokenError(Exception):
    """An attempt failed in a way that may pass. `wait` is what the server asks for, in seconds."""

    def __init__(self, what: str, wait: float = 0.0) -> None:
        super().__init__(what)
        self.wait = wait


def download(
    url: str, sha256: str, file: Path, *, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Make `file` the bytes of `url`, unless it is already. Raises TargetError.

    Runs that want the same file wait for each other; what one left unfinished, the next goes on
    with.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with alone(file.with_suffix(".lock")):
            if not (file.is_file() and digest_file(file, None)[1] == sha256):
                _fetch(url, sha256, file, sleep)
    except OSError as error:
        raise TargetError(
            Problem(
                summary=f"can't write to `{file.parent}`: {error.strerror}",
                hint="make room, or make it writable",
            )
        ) from error


def _fetch(url: str, sha256: str, file: Path, sleep: Callable[[float], None]) -> None:
    part = file.with_suffix(".part")
    resumed = part.exists()
    resumed |= _whole(url, part, sleep)
    digest = digest_file(part, None)[1]
    if digest != sha256 and resumed:  # the halves may be of different files
        part.unlink()
        _whole(url, part, sleep)
        digest = digest_file(part, None)[1]
    if digest != sha256:
        part.unlink()
        raise TargetError(
            Problem(
                summary=f"`{address_shown(url)}` has the sha256 `{digest}`, not `{sha256}`",
                hint="correct `sha256` if you trust what is there now, or find who changed it",
            )
        )
    part.replace(file)


def _whole(url: str, part: Path, sleep: Callable[[float], None]) -> bool:
    """Fetch until all is there. Return whether it took more than one attempt."""
    from tenacity import (  # noqa: PLC0415  only a model that is fetched needs it
        Retrying,
        retry_if_exception_type,
        stop_after_attempt,
        wait_exponential,
        wait_random,
    )

    backoff = wait_exponential(multiplier=0.25, max=8.0) + wait_random(0, 0.25)

    def wait(state: Any) -> float:
        asked = getattr(state.outcome.exception(), "wait", 0.0)
        return min(max(asked, backoff(state)), LONGEST_WAIT)

    attempts = Retrying(
        retry=retry_if_exception_type(_BrokenError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait,
        sleep=sleep,
        reraise=True,
    )
    try:
        attempts(_attempt, url, part)
    except _BrokenError as error:
        raise _failed(url, str(error), "try again; what was fetched is kept") from error
    return int(attempts.statistics.get("attempt_number", 1)) > 1


def _attempt(url: str, part: Path) -> None:
    """Fetch what is missing of a file. Raises _BrokenError, or TargetError for good."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": f"mlops/{mlops.__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  http and https: see _opener
    with _told(url, part), _opener().open(request, timeout=TIMEOUT) as answer:
        goes_on = answer.status == 206 and _begins_at(answer, have)
        length = answer.headers.get("Content-Length")
        with part.open("ab" if goes_on else "wb") as file:
            got = _copy(answer, file)
        if length is not None and got < int(length):
            raise _BrokenError(f"the connection ended after {got} of {length} bytes")


def _copy(answer: Any, file: IO[bytes]) -> int:
    got = 0
    while chunk := _read(answer):
        file.write(chunk)
        got += len(chunk)
    return got


def _read(answer: Any) -> bytes:
    """Return the next bytes. What goes wrong here is the connection, and not the disk."""
    try:
        chunk: bytes = answer.read(BUFFER)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(f"the connection broke: {_reason(error)}") from error
    return chunk


def _begins_at(answer: Any, start: int) -> bool:
    if str(answer.headers.get("Content-Range", "")).startswith(f"bytes {start}-"):
        return True
    raise _BrokenError("the server sent another part of the file than it was asked for")


@contextmanager
def _told(url: str, part: Path) -> Iterator[None]:
    """Turn what the library raises for an answer or a connection into ours."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        what = (
            f"the server answered {error.code} {http.client.responses.get(error.code, '')}".rstrip()
        )
        if error.code == 416:  # there is no such part: what is here is no beginning of the file
            part.unlink(missing_ok=True)
        if error.code == 416 or error.code in PASSING:
            raise _BrokenError(what, _asked(error.headers.get("Retry-After"))) from None
        raise _failed(url, what, "check `url`, and whether this machine may read it") from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            hint = "trust its authority on this machine, as by `SSL_CERT_FILE`"
            raise _failed(url, f"its certificate: {error.reason.verify_message}", hint) from error
        raise _BrokenError(f"no connection: {_reason(error.reason)}") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _BrokenError(f"the connection broke: {_reason(error)}") from error


def _reason(error: Any) -> str:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).splitlines()[0]


def _asked(text: str | None) -> float:
    """Return the seconds that `Retry-After` asks for, which are a number or a date."""
    if not text:
        return 0.0
    if text.strip().isdigit():
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return 0.0


def _failed(url: str, why: str, hint: str) -> TargetError:
    return TargetError(Problem(summary=f"can't fetch `{address_shown(url)}`: {why}", hint=hint))


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never away from TLS, and never to what is not HTTP."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        """Return the next request. Raises TargetError for another scheme."""
        request, goal = args[0], args[-1]
        before, after = urlsplit(request.full_url).scheme, urlsplit(goal).scheme
        if after not in (before, "https"):
            why = f"it leads to `{address_shown(goal)}`, another scheme"
            raise _failed(
                request.full_url, why, "write the address that it leads to, if it is right"
            )
        return super().redirect_request(*args)


def _opener() -> urllib.request.OpenerDirector:
    """Return what speaks http and https, through the proxies of the environment, nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _SameScheme(),
    ):
        opener.add_handler(handler)
    return opener

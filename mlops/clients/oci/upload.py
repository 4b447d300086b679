"""Uploads one blob: mounted where it can be, else sent in pieces, hashed on the way, resumed."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct

from mlops.clients.oci.session import ATTEMPTS, Answer, Ask, BrokenError, Session
from mlops.clients.oci.words import may_pass, refused
from mlops.digesting import Digesting
from mlops.errors import MlopsError

PIECE = 256 * 1024 * 1024
"""Bytes that are sent by one request, and again if it breaks in a way that says nothing.

`registry` 2.8 flushes to its disk after each request and takes nothing meanwhile: pieces of 64 MiB
took a tenth longer. Larger ones would tell too seldom how far an upload is.
"""

AGAIN = (401, 404, 416)
"""Answers after which an upload goes on from where the registry says: a token that ran out, an
upload that it forgot, a piece that does not follow the one before."""


class Blob(Struct, frozen=True, kw_only=True):
    """Bytes to upload: `chunks(start)` yields them from `start` on, the same each time.

    `digest` is empty where it is not known before they are read.
    """

    size: int
    chunks: Callable[[int], Iterator[bytes]]
    digest: str = ""


def blob_of(data: bytes) -> Blob:
    """Return bytes that are in memory as a blob."""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Blob(size=len(data), chunks=lambda start: iter([data[start:]]), digest=digest)


class Upload:
    """One upload of a blob into a repository. What is left of a failed one is cancelled."""

    def __init__(self, session: Session, repository: str, blob: Blob) -> None:
        self._session = session
        self._path = f"/v2/{repository}/blobs/"
        self._scopes: tuple[str, ...] = (f"repository:{repository}:pull,push",)
        self._what = f"upload to `{repository}`"
        self._blob = blob
        self._source = _Source(blob)
        self._location = ""

    def run(self, mount: str = "") -> Iterator[int | str]:
        """Yield the bytes sent so far, at last the digest. Raises TargetError."""
        if self._begun(mount):
            yield self._blob.digest
            return
        try:
            yield from self._sent()
            yield self._finished()
        except BaseException:
            self._cancel()
            raise
        finally:
            self._source.close()

    def _begun(self, mount: str) -> bool:
        """Begin; tell whether there is nothing to send, since it could be mounted."""
        query, scopes = "", self._scopes
        if mount and self._blob.digest:
            query = "?" + urlencode({"mount": self._blob.digest, "from": mount})
            scopes = (*scopes, f"repository:{mount}:pull")
        ask = Ask(method="POST", path=f"{self._path}uploads/{query}", scopes=scopes, body=b"")
        expect = (201, 202, 401, 403) if query else (202,)
        answer = self._session.call(ask, expect=expect, what=self._what)
        if answer.status in (401, 403):  # not to be read there: it is sent instead
            return self._begun("")
        self._follow(answer)
        return answer.status == 201

    def _sent(self) -> Iterator[int]:
        """Send piece by piece, from where the registry says that it is after a break."""
        at, broken = 0, 0
        while at < self._blob.size:
            upto = min(at + PIECE, self._blob.size)
            why, answer = "", None
            try:
                answer = self._session.once(self._piece(at, upto))
            except BrokenError as error:
                why = str(error)
            if answer is not None and answer.status in (202, 204):
                self._follow(answer)
                at, broken = upto, 0
            else:
                broken += 1
                self._check(answer, why, last=broken == ATTEMPTS)
                self._session.wait(broken, answer)
                at = self._resumed()
            yield at

    def _piece(self, start: int, end: int) -> Ask:
        return Ask(
            method="PATCH",
            path=self._location,
            scopes=self._scopes,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Length": str(end - start),
                "Content-Range": f"{start}-{end - 1}",
            },
            body=self._source.between(start, end),
        )

    def _check(self, answer: Answer | None, why: str, *, last: bool) -> None:
        """Raise TargetError if it is no use to go on."""
        if answer is None:
            if last:
                raise self._session.failed(self._what, why)
        elif last or not (answer.status in AGAIN or may_pass(answer.status, answer.data)):
            raise refused(self._session.host, self._what, answer.status, answer.data)

    def _resumed(self) -> int:
        """Return how many bytes the registry has; 0, of a new upload, if it forgot this one."""
        ask = Ask(method="GET", path=self._location, scopes=self._scopes)
        answer = self._session.call(ask, expect=(204, 404), what=self._what)
        if answer.status == 404:
            self._begun("")
            return 0
        self._follow(answer)
        end = str(answer.headers.get("Range", "")).rpartition("-")[2]
        # An upload without a byte is told as `0-0`, as is one with a single byte: begin anew.
        return int(end) + 1 if end.isdigit() and int(end) else self._restarted()

    def _restarted(self) -> int:
        self._cancel()
        self._begun("")
        return 0

    def _finished(self) -> str:
        """Close the upload under its digest."""
        digest = self._source.digest()
        parts = urlsplit(self._location)
        query = urlencode([*parse_qsl(parts.query), ("digest", digest)])
        path = parts._replace(query=query).geturl()
        ask = Ask(
            method="PUT",
            path=path,
            scopes=self._scopes,
            headers={"Content-Length": "0", "Content-Type": "application/octet-stream"},
            body=b"",
        )
        answer = self._session.call(ask, expect=(201, 204, 404), what=self._what)
        if answer.status == 404 and not self._there(digest):
            raise refused(self._session.host, self._what, answer.status, answer.data)
        return digest

    def _there(self, digest: str) -> bool:
        """Tell whether an answer was lost: what is closed twice is unknown the second time."""
        ask = Ask(method="HEAD", path=f"{self._path}{digest}", scopes=self._scopes)
        return self._session.call(ask, expect=(200, 404), what=self._what).status == 200

    def _follow(self, answer: Answer) -> None:
        self._location = str(answer.headers.get("Location", self._location))

    def _cancel(self) -> None:
        with suppress(MlopsError, BrokenError):
            self._session.once(Ask(method="DELETE", path=self._location, scopes=self._scopes))


class _Source:
    """The bytes of a blob, read once if all goes well, and hashed once in any case.

    They are hashed beside the sending, which waits for the registry.
    """

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._chunks: Iterator[bytes] = iter(())
        self._at = -1
        self._left = b""
        self._digesting = Digesting()
        self._hashed = 0

    def between(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `end`."""
        if start != self._at:
            # What was not hashed yet must be read again, even if the registry has it.
            start_here = min(start, self._hashed)
            self._chunks, self._at, self._left = self._blob.chunks(start_here), start_here, b""
            for _ in self._taken(start - start_here):
                pass
        yield from self._taken(end - start)

    def digest(self) -> str:
        """Return the digest of all bytes, once all were read."""
        for _ in self.between(self._hashed, self._blob.size):
            pass
        self.close()
        return f"sha256:{self._digesting.hexdigest()}"

    def close(self) -> None:
        """Hash no more."""
        self._digesting.close()

    def _taken(self, count: int) -> Iterator[bytes]:
        while count > 0:
            chunk = self._left or next(self._chunks, b"")
            if not chunk:
                return
            chunk, self._left = chunk[:count], chunk[count:]
            new = max(0, self._at + len(chunk) - self._hashed)
            if new:
                self._digesting.update(chunk[len(chunk) - new :])
                self._hashed += new
            self._at += len(chunk)
            count -= len(chunk)
            yield chunk

"""The client of one store, made at its first use, and its errors turned into ours."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops.errors import CredentialsError, Problem, TargetError

CHUNK = 8 * 1024 * 1024
"""Bytes of one part of a large object; S3 takes no less than 5 MiB."""


BEARER = r"token request|169\.254\.169\.254"
"""Who asks for a token instead of bringing a key asks here, in the end the cloud's own machine."""


class UnavailableError(TargetError):
    """A store failed for the moment; what was asked of it may have been done all the same."""


class Calls:
    """Counts requests to other machines, for all that share it."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        self.made = 0

    def __int__(self) -> int:
        return self.made


class Connection:
    """The way to one store. `root` is its folder, if it is one; `connect` makes the client."""

    def __init__(self, location: str, root: Path | None, connect: Callable[[], Any]) -> None:
        self._location = location
        self._root = root
        self._connect = connect
        self._client: Any = None
        self.calls = Calls()

    def there(self) -> Any:
        """Return the client; None if the folder of the store was not made yet."""
        if self._root is not None and not os.path.lexists(self._root):
            return None
        return self.made()

    def made(self) -> Any:
        """Return the client, making the folder of the store."""
        if self._client is None:
            with self.told("open", "."):
                self._client = self._connect()
        return self._client

    def head(self, path: str) -> Any:
        """Return what is known of an object without its bytes; None if there is none."""
        import obstore  # noqa: PLC0415  loaded late: most commands need no store

        client = self.there()
        if client is None:
            return None
        with self.told("read", path):
            try:
                return obstore.head(client, path)
            except FileNotFoundError:
                return None

    def stream(self, found: Any, path: str) -> Iterator[bytes]:
        """Yield the bytes of an object that was found, part by part."""
        with self.told("read", path):
            yield from found.stream(min_chunk_size=CHUNK)

    @contextmanager
    def told(self, verb: str, path: str) -> Iterator[None]:
        """Turn what the client raises into a TargetError."""
        from obstore.exceptions import BaseError  # noqa: PLC0415  as above

        self.calls.made += self._root is None and verb != "open"
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            # the query of a URL may be a signature
            reason = re.sub(r"\?\S*", "", first)
            problem = self.failed(
                f"can't {verb} `{path}`: {reason}", "check the store's address and your rights"
            )
            if self._root is None and _unknown(error):
                raise self._unasked(reason) from error
            if self._root is None and _passing(error):
                raise UnavailableError(*problem.problems) from error
            raise problem from error

    def _unasked(self, reason: str) -> CredentialsError:
        return CredentialsError(
            Problem(
                summary=f"no credentials for the store `{self._location}`: {reason}",
                hint="log in, or set the variables of an identity that may read it",
            )
        )

    def failed(self, what: str, hint: str) -> TargetError:
        """Return the error that something is wrong with this store."""
        return TargetError(Problem(summary=f"the store `{self._location}` {what}", hint=hint))


def _unknown(error: Exception) -> bool:
    """Tell whether a cloud store wants another identity, or there is none to ask with."""
    from obstore.exceptions import (  # noqa: PLC0415  as above
        GenericError,
        PermissionDeniedError,
        UnauthenticatedError,
    )

    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
        return True
    if not isinstance(error, GenericError):
        return False
    found = re.search(r"status code: (\d+)", str(error))
    status = found[1] if found else ""
    if re.search(BEARER, str(error)):
        return re.fullmatch("(4(?!08|29)..)?", status) is not None
    return status in ("401", "403")


def _passing(error: Exception) -> bool:
    """Tell whether an error of a cloud store may be gone soon: no connection, 408, 429, 5xx."""
    from obstore.exceptions import GenericError  # noqa: PLC0415  as above

    return isinstance(error, GenericError) and not re.search(
        r"status code: 4(?!08|29)|builder error", str(error)
    )

"""The keys of a service: who asks with one of them is let in."""

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from .limits import UnfitError

log = logging.getLogger("mlops_serving")

FOREIGN = 0o027
"""Bits of a file's mode that let others read it, or the group write it."""


class Keys:
    """The keys of a file, `{"primary": "…", "secondary": "…"}`; read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = stamp(path)
        self.values = read(path)

    def match(self, header: bytes) -> str:
        """Return the key that a header bears, or nothing. Takes as long for each wrong one."""
        found = self._search(header)
        if not found and self.refresh():
            found = self._search(header)
        return found

    def _search(self, header: bytes) -> str:
        scheme, _, token = header.partition(b" ")
        given = hashlib.sha256(token.strip()).digest()
        found = ""
        for value in self.values.values():
            same = hmac.compare_digest(hashlib.sha256(value.encode()).digest(), given)
            found = value if same else found
        return found if scheme.lower() == b"bearer" else ""

    def refresh(self) -> bool:
        """Read the file again if it has changed; say whether it has. A bad one changes nothing."""
        now = stamp(self._path)
        if now == self._seen:
            return False
        self._seen = now
        try:
            self.values = read(self._path)
        except UnfitError as problem:
            log.error("%s; the keys stay as they were", problem)  # noqa: TRY400 - a sentence
            return False
        log.info("the keys were read again")
        return True


def stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file does."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size


def read(path: Path) -> Mapping[str, str]:
    """Read the keys. Refuses a file that others could read, and one without keys."""
    try:
        mode, text = path.stat().st_mode, path.read_bytes()
        value = json.loads(text)
    except OSError as error:
        raise UnfitError(f"the keys in `{path}` cannot be read: {error.strerror}") from None
    except ValueError:
        raise UnfitError(f"the keys in `{path}` are no JSON") from None
    if mode & FOREIGN:
        raise UnfitError(f"the keys in `{path}` are open to others: its mode must be 0600")
    found = value if isinstance(value, dict) else {}
    if not found or not all(
        isinstance(key, str) and key.strip() == key != "" for key in found.values()
    ):
        raise UnfitError(f"`{path}` must hold keys by their names, as strings")
    return {str(name): key for name, key in found.items()}

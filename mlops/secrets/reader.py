"""Reads secrets by their references, each once in a run, and keeps them out of what is shown."""

from collections.abc import Mapping
from threading import Lock

from mlops.secrets.identity import identity, same
from mlops.secrets.places import Secret, SecretPlace
from mlops.spec import SecretRef

HIDDEN = "***"
"""What stands in a text in place of a secret."""

SHORTEST = 4
"""Characters of the shortest value that is looked for in texts: less is in every word."""


class SecretReader:
    """The secrets of one run. `places` are the rows of the table, made."""

    def __init__(self, places: Mapping[str, SecretPlace]) -> None:
        self._places = places
        self._read: dict[str, Secret] = {}
        self._same: dict[tuple[str, str], bool] = {}
        self._fresh: dict[str, str] = {}
        self._hidden: set[str] = set()
        self._lock = Lock()

    def read(self, ref: SecretRef) -> Secret:
        """Return a secret, the same one all through the run. Raises TargetError."""
        with self._lock:
            if ref.secret not in self._read:
                kind, _, path = ref.secret.partition("/")
                self._read[ref.secret] = self._places[kind].read(path)
            found = self._read[ref.secret]
        self.hide(found.value)
        return found

    def identity(self, ref: SecretRef, known: str = "") -> str:
        """Return what tells a secret's value from others: `known`, if it was made of this value."""
        secret = self.read(ref)
        with self._lock:
            if known and (ref.secret, known) not in self._same:
                self._same[ref.secret, known] = same(secret, known)
            if self._same.get((ref.secret, known)):
                return known
            if ref.secret not in self._fresh:
                self._fresh[ref.secret] = identity(secret)
            return self._fresh[ref.secret]

    def hide(self, value: str) -> None:
        """Keep a value out of every text that is masked from now on, each of its lines too."""
        parts = (value, value.strip(), *value.splitlines())
        self._hidden = self._hidden | {part for part in parts if len(part) >= SHORTEST}

    def masked(self, text: str) -> str:
        """Return `text` without the values that were read."""
        for value in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text

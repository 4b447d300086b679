"""The objects that a lock is made of: their names, and what is in them. Decides nothing.

```
locks/<project>/<n>.json       the grant: who holds the lock with the number n; created once
locks/<project>/<n>.beat       overwritten by the holder while it lives
locks/<project>/<n>.taken      told to stop, or known to be over; created once
locks/<project>/<n>.released   the holder does no more; created once
locks/<project>/<n>.wait-<id>  overwritten by one who waits, to learn the store's time
```
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mlops.clock import now
from mlops.spec import Fields
from mlops.store.holder import Holder, Process, process_of, process_record
from mlops.store.objects import Objects
from mlops.store.records import DamagedError, read_record

KEPT = 20
"""Numbers whose objects are kept; a run that was stopped for ages still meets newer ones."""

_NAME = re.compile(r"([0-9]{1,12})\.(json|released|taken|beat|wait-[0-9a-z]+)")


class Timing(Struct, frozen=True, kw_only=True):
    """The rhythm of a lock, in seconds.

    A holder beats every `beat` and stops itself `stop` after its last success; others take over
    after `stale`. What lies between `stop` and `stale` is for calls that are under way. A waiter
    looks every `poll`; a store that fails for the moment is asked again for `patience`.
    """

    beat: float = 10.0
    stop: float = 40.0
    stale: float = 60.0
    poll: float = 1.0
    patience: float = 20.0


class Grant(Struct, frozen=True, kw_only=True):
    """Who holds a lock, for people.

    `age` is how many seconds ago it was granted and `silent` how many ago the holder was last
    heard of, both by the store's own clock. `at` is the holder's time of day.
    """

    number: int
    who: str = "somebody"
    host: str = ""
    run_url: str = ""
    command: str = ""
    at: str = ""
    age: float = 0.0
    silent: float = 0.0


class Seen(Struct, frozen=True):
    """What a list of a lock's folder showed."""

    folder: str
    grants: frozenset[int]
    marks: frozenset[tuple[int, str]]

    @property
    def last(self) -> int:
        """The highest number that was ever granted, even if somebody removed the grant; or 0."""
        marked = {number for number, mark in self.marks if not mark.startswith("wait-")}
        return max(self.grants | marked, default=0)

    def marked(self, number: int, mark: str) -> bool:
        """Tell whether a number has a mark: `taken` or `released`."""
        return (number, mark) in self.marks

    @property
    def old(self) -> tuple[str, ...]:
        """Paths of what can't matter any more; empty until it is worth a while."""
        if len(self.grants) <= 2 * KEPT:
            return ()
        bound = sorted(self.grants)[-KEPT]
        # the grant goes last: what is left of a number whose grant is gone would stay for ever
        marks = [f"{self.folder}/{n}.{mark}" for n, mark in sorted(self.marks) if n < bound]
        return (*marks, *(path(self.folder, n, "json") for n in sorted(self.grants) if n < bound))


def seen_in(objects: Objects, folder: str) -> Seen:
    """Look at a lock: one list call."""
    matches = (_NAME.fullmatch(name.removeprefix(f"{folder}/")) for name in objects.list(folder))
    found = [(int(match[1]), match[2]) for match in matches if match]
    return Seen(
        folder,
        frozenset(number for number, mark in found if mark == "json"),
        frozenset((number, mark) for number, mark in found if mark != "json"),
    )


def path(folder: str, number: int, mark: str) -> str:
    """Return the name of an object of a lock."""
    return f"{folder}/{number}.{mark}"


def grant_record(holder: Holder, key: str) -> Fields:
    """Return what a grant says. `key` makes it unlike any other."""
    return {
        "key": key,
        "who": holder.who,
        "host": holder.host,
        "run_url": holder.run_url,
        "command": holder.command,
        "at": now(),
        "process": process_record(holder.process),
    }


def read_grant(objects: Objects, folder: str, number: int) -> tuple[Grant, Process]:
    """Return a grant and the process that holds it; what is damaged says nothing."""
    try:
        record = read_record(objects, path(folder, number, "json"))
    except DamagedError:
        record = None
    if not isinstance(record, Mapping):
        return Grant(number=number), process_of(None)
    words: dict[str, Any] = {
        name: value
        for name in ("who", "host", "run_url", "command", "at")
        if isinstance(value := record.get(name), str)
    }
    return Grant(number=number, **words), process_of(record.get("process"))

"""What each run set out to make, and what came of it. Written once, never changed or removed.

```
revisions/<project>/<n>.targets.json  every target that a run up to this one used
revisions/<project>/<n>.begun.json    the whole desired state, before the first write
revisions/<project>/<n>.done.json     the outcome
revisions/<project>/<n>.kept.json     the targets to look at from then on, where it left some
```

The records explain and say where to look; they never say what exists.
"""

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from msgspec import Struct

from mlops.errors import Problem, TargetError
from mlops.plain import NOTHING, canonical
from mlops.spec import Fields
from mlops.store.desired_record import desired_of, desired_record
from mlops.store.objects import Objects
from mlops.store.patience import Patience
from mlops.store.records import DamagedError, damaged, read_record
from mlops.values import Desired

READERS = 8
"""Records that are read side by side."""

SORTS = ("targets", "begun", "done", "kept")
_NAME = re.compile(rf"([0-9]{{1,12}})\.({'|'.join(SORTS)})\.json")


class UsedTarget(Struct, frozen=True, kw_only=True):
    """A target as a run used it. One name may have been used with several settings."""

    name: str
    kind: str
    settings: Fields


class Revision(Struct, frozen=True, kw_only=True):
    """A run that changed, or meant to change, the project.

    `outcome` is None while nobody has said how it ended. Of a `damaged` one only the number, and
    the outcome if that can be read, are known.
    """

    number: int
    at: str = ""
    lineage: Fields = NOTHING
    targets: Fields = NOTHING
    outcome: Fields | None = None
    changes: Fields = NOTHING
    desired: tuple[Desired, ...] = ()
    damaged: bool = False


class _Folder(Struct, frozen=True):
    """The records of one project's revisions."""

    objects: Objects
    name: str
    patience: Patience

    def path(self, number: int, what: str) -> str:
        """Return the name of a record."""
        return f"{self.name}/{number}.{what}.json"

    def numbers(self) -> Mapping[str, set[int]]:
        """Return which numbers each sort of record has."""
        return self.patience.ask(lambda: _numbers(self.objects, self.name))

    def record(self, number: int, what: str) -> Any:
        """Return a record; None if there is none. Raises DamagedError."""
        return self.patience.ask(lambda: read_record(self.objects, self.path(number, what)))

    def written(self, number: int, what: str, record: Any) -> bool:
        """Write a record; tell whether the one that is there is this one."""
        data = canonical(record) + b"\n"
        return self.patience.create(self.objects, self.path(number, what), data)

    def create(self, number: int, what: str, record: Any) -> None:
        """Write a record that nobody else may have written."""
        if not self.written(number, what, record):
            raise TargetError(
                Problem(
                    summary=f"`{self.path(number, what)}` is in the store"
                    f" `{self.objects.location}` already",
                    hint="run `mlops apply` again",
                )
            )


class Revisions:
    """The revisions of one project in one store. They are written under the lock."""

    def __init__(self, objects: Objects, project: str) -> None:
        self._folder = _Folder(objects, f"revisions/{project}", Patience())

    def begin(
        self,
        number: int,
        desired: Sequence[Desired],
        lineage: Fields,
        at: str,
        targets: Fields,
        changes: Fields = NOTHING,
    ) -> None:
        """Write down what shall be made, before the first write.

        `targets` are those of the file, by name: `{"kind": …, "settings": {…}}`; `changes` says
        what shall happen to which address, by its sign. Raises TargetError if the number was used
        by another run.
        """
        used = used_targets(targets)
        known = self.targets()
        entries = (*used, *(one for one in known if one not in used))
        self._folder.create(number, "targets", _index(entries))
        record = {
            "at": at,
            "lineage": lineage,
            "targets": targets,
            "changes": changes,
            "desired": [desired_record(thing) for thing in desired],
        }
        self._folder.create(number, "begun", record)

    def finish(self, number: int, outcome: Fields) -> None:
        """Write down what came of it; what an earlier run said of it stays."""
        self._folder.written(number, "done", outcome)

    def forget(self, number: int, *targets: UsedTarget) -> bool:
        """Look no longer at some targets after revision `number`; False if none was known."""
        known = self.targets()
        kept = tuple(one for one in known if one not in targets)
        if len(kept) < len(known):
            self._folder.create(number, "kept", _index(kept))
        return len(kept) < len(known)

    def open(self) -> tuple[int, ...]:
        """Return the numbers of what was begun and is not done, lowest first."""
        found = self._folder.numbers()
        return tuple(sorted(found["begun"] - found["done"]))

    def unfinished(self) -> Mapping[str, int]:
        """Return the addresses that were left in the middle of a change, and by which revision.

        A revision that is done says so itself, of its own and of those before. One that is open
        may have left whatever it meant to change.
        """
        found = self._folder.numbers()
        left: dict[str, int] = {}
        if found["done"]:
            newest = max(found["done"])
            told = (self._outcome(newest) or NOTHING).get("unfinished")
            left |= {str(text): newest for text in (told if isinstance(told, tuple) else ())}
        for number in sorted(found["begun"] - found["done"]):
            left |= dict.fromkeys(self._told(number).changes, number)
        return left

    def list(self, limit: int | None = None) -> tuple[Revision, ...]:
        """Return the newest `limit` revisions, newest first, damaged ones too."""
        chosen = sorted(self._folder.numbers()["begun"], reverse=True)[:limit]
        with ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="revisions") as pool:
            return tuple(pool.map(self._told, chosen))

    def read(self, number: int) -> Revision:
        """Return a revision, whole. Raises TargetError if it is not there or damaged."""
        path = self._folder.path(number, "begun")
        record = self._folder.record(number, "begun")
        if record is None:
            raise TargetError(
                Problem(
                    summary=f"the store `{self._folder.objects.location}` has no revision {number}",
                    hint="`mlops history` shows what there is",
                )
            )
        try:
            return Revision(
                number=number,
                at=str(record["at"]),
                lineage=_fields(record["lineage"]),
                targets=_fields(record["targets"]),
                changes=_fields(record.get("changes", NOTHING)),
                outcome=self._outcome(number),
                desired=tuple(desired_of(thing) for thing in record["desired"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise damaged(self._folder.objects, path) from error

    def targets(self) -> tuple[UsedTarget, ...]:
        """Return every target that a run used and nobody forgot: a list call and a read.

        Of a damaged index the one before is taken.
        """
        found = self._folder.numbers()
        records = {(number, what) for what in ("targets", "kept") for number in found[what]}
        for number, what in sorted(records, key=_latest, reverse=True):
            try:
                record = self._folder.record(number, what)
                return tuple(
                    UsedTarget(
                        name=str(one["name"]),
                        kind=str(one["kind"]),
                        settings=_fields(one["settings"]),
                    )
                    for one in record["targets"]
                )
            except (DamagedError, AttributeError, KeyError, TypeError):
                continue
        return ()

    def _told(self, number: int) -> Revision:
        try:
            return self.read(number)
        except DamagedError:
            return Revision(number=number, outcome=self._outcome(number), damaged=True)

    def _outcome(self, number: int) -> Fields | None:
        """Return the outcome of a revision; an empty one if it is damaged: the run did end."""
        try:
            outcome: Fields | None = self._folder.record(number, "done")
        except DamagedError:
            return NOTHING
        return outcome


def last_revision(objects: Objects, project: str) -> int:
    """Return the highest number that a revision has; 0 before the first."""
    found = _numbers(objects, f"revisions/{project}")
    return max(set().union(*found.values()), default=0)


def last_of_default_branch(objects: Objects, project: str) -> Revision | None:
    """Return the newest revision that was begun from a commit of the default branch."""
    revisions = Revisions(objects, project)
    for number in sorted(_numbers(objects, f"revisions/{project}")["begun"], reverse=True):
        with contextlib.suppress(DamagedError):
            found = revisions.read(number)
            branch = found.lineage.get("branch")
            if branch and branch == found.lineage.get("default_branch"):
                return found
    return None


def _numbers(objects: Objects, folder: str) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {what: set() for what in SORTS}
    for path in objects.list(folder):
        if match := _NAME.fullmatch(path.removeprefix(f"{folder}/")):
            found[match[2]].add(int(match[1]))
    return found


def _latest(record: tuple[int, str]) -> tuple[int, bool]:
    """Return what orders records of targets: what is kept is told at the end of a revision."""
    number, what = record
    return number, what == "kept"


def _index(used: Iterable[UsedTarget]) -> dict[str, Any]:
    """Return the record of the targets to look at."""
    return {
        "targets": [{"name": one.name, "kind": one.kind, "settings": one.settings} for one in used]
    }


def used_targets(targets: Fields) -> tuple[UsedTarget, ...]:
    """Return the targets of a file, given by name as a run records them."""
    entries: Mapping[str, Any] = targets
    return tuple(
        UsedTarget(name=name, kind=entry["kind"], settings=_fields(entry["settings"]))
        for name, entry in entries.items()
    )


def _fields(value: Any) -> Fields:
    if not isinstance(value, Mapping):
        raise TypeError("no mapping")
    return value

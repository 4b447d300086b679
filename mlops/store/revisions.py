"""What each run set out to make, and what came of it. Written once, never changed or removed.

```
revisions/<project>/<n>.targets.json  every target that a run up to this one used
revisions/<project>/<n>.begun.json    the whole desired state, before the first write
revisions/<project>/<n>.done.json     the outcome
```

The records explain and say where to look; they never say what exists.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

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

_NAME = re.compile(r"([0-9]{1,12})\.(targets|begun|done)\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedTarget:
    """A target as a run used it. One name may have been used with several settings."""

    name: str
    kind: str
    settings: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
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


class Revisions:
    """The revisions of one project in one store. They are written under the lock."""

    def __init__(self, objects: Objects, project: str) -> None:
        self._objects = objects
        self._folder = f"revisions/{project}"
        self._patience = Patience()

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
        used = tuple(_used(targets))
        known = self.targets()
        self._write_targets(number, (*used, *(one for one in known if one not in used)))
        record = {
            "at": at,
            "lineage": lineage,
            "targets": targets,
            "changes": changes,
            "desired": [desired_record(thing) for thing in desired],
        }
        self._create(number, "begun", record)

    def finish(self, number: int, outcome: Fields) -> None:
        """Write down what came of it; what an earlier run said of it stays."""
        path = self._path(number, "done")
        self._patience.create(self._objects, path, canonical(outcome) + b"\n")

    def forget(self, number: int, name: str) -> bool:
        """Look no longer at a target, as revision `number`; False if it was not known."""
        known = self.targets()
        kept = tuple(one for one in known if one.name != name)
        if len(kept) < len(known):
            self._write_targets(number, kept)
        return len(kept) < len(known)

    def open(self) -> tuple[int, ...]:
        """Return the numbers of what was begun and is not done, lowest first."""
        found = self._numbers()
        return tuple(sorted(found["begun"] - found["done"]))

    def changes(self, number: int) -> Fields:
        """Return what a revision meant to change; nothing if its record is damaged."""
        return self._told(number).changes

    def list(self, limit: int | None = None) -> tuple[Revision, ...]:
        """Return the newest `limit` revisions, newest first, damaged ones too."""
        chosen = sorted(self._numbers()["begun"], reverse=True)[:limit]
        with ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="revisions") as pool:
            return tuple(pool.map(self._told, chosen))

    def read(self, number: int) -> Revision:
        """Return a revision, whole. Raises TargetError if it is not there or damaged."""
        path = self._path(number, "begun")
        record = read_record(self._objects, path)
        if record is None:
            raise TargetError(
                Problem(
                    summary=f"the store `{self._objects.location}` has no revision {number}",
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
            raise damaged(self._objects, path) from error

    def targets(self) -> tuple[UsedTarget, ...]:
        """Return every target that a run used and nobody forgot: a list call and a read.

        Of a damaged index the one before is taken.
        """
        for number in sorted(self._numbers()["targets"], reverse=True):
            try:
                record = read_record(self._objects, self._path(number, "targets"))
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
            outcome: Fields | None = read_record(self._objects, self._path(number, "done"))
        except DamagedError:
            return NOTHING
        return outcome

    def _write_targets(self, number: int, used: Sequence[UsedTarget]) -> None:
        entries = [{"name": one.name, "kind": one.kind, "settings": one.settings} for one in used]
        self._create(number, "targets", {"targets": entries})

    def _create(self, number: int, what: str, record: Any) -> None:
        path = self._path(number, what)
        if not self._patience.create(self._objects, path, canonical(record) + b"\n"):
            raise TargetError(
                Problem(
                    summary=f"`{path}` is in the store `{self._objects.location}` already",
                    hint="run `mlops apply` again",
                )
            )

    def _numbers(self) -> Mapping[str, set[int]]:
        return _numbers(self._objects, self._folder)

    def _path(self, number: int, what: str) -> str:
        return f"{self._folder}/{number}.{what}.json"


def last_revision(objects: Objects, project: str) -> int:
    """Return the highest number that a revision has; 0 before the first."""
    found = _numbers(objects, f"revisions/{project}")
    return max(set().union(*found.values()), default=0)


def _numbers(objects: Objects, folder: str) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {"targets": set(), "begun": set(), "done": set()}
    for path in objects.list(folder):
        if match := _NAME.fullmatch(path.removeprefix(f"{folder}/")):
            found[match[2]].add(int(match[1]))
    return found


def _used(targets: Fields) -> Iterator[UsedTarget]:
    for name, value in targets.items():
        entry: Any = value
        yield UsedTarget(name=name, kind=entry["kind"], settings=_fields(entry["settings"]))


def _fields(value: Any) -> Fields:
    if not isinstance(value, Mapping):
        raise TypeError("no mapping")
    return value

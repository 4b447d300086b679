"""The records of one project: what each run set out to make, and what was last applied where.

They explain: causes, history, where to look. They never say what exists.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mlops.clock import now
from mlops.errors import TargetError
from mlops.plain import NOTHING, fingerprint
from mlops.spec import Fields
from mlops.store.applied import (
    hash_fields,
    hold_applied,
    last_applied,
    read_applied,
    write_applied,
)
from mlops.store.desired_record import address_of
from mlops.store.objects import Objects
from mlops.store.revisions import Revisions, UsedTarget
from mlops.values import Address, Applied, Change, Desired


class History(Struct, frozen=True, kw_only=True):
    """Writes and reads the records of a project. Written under the lock only.

    `lineage` is asked for when a run begins; `targets` are those of the file, by name; `left` are
    those of earlier runs that the file has left, by the name of their place.
    """

    objects: Objects
    project: str
    lineage: Callable[[], Fields]
    targets: Fields
    left: Mapping[str, UsedTarget] = NOTHING

    def read(self) -> Mapping[Address, Applied]:
        """Return what was last applied to each address, and which were left unfinished."""
        applied = dict(read_applied(self.objects, self.project))
        for text, number in self.revisions.unfinished().items():
            address = address_of(text)
            record = applied.get(address)
            if record is None:
                record = Applied(address=address, hashes=NOTHING, revision=0)
            if record.revision < number:
                applied[address] = replace(record, unfinished=True)
        return applied

    def begin(self, number: int, desired: Sequence[Desired], changes: Iterable[Change]) -> None:
        """Write down what shall be made, before the first write; close what was cut short."""
        revisions = self.revisions
        unfinished = {str(address): "unfinished" for address in self.unfinished()}
        cut_short = revisions.open()
        revisions.begin(
            number,
            desired,
            self.lineage(),
            now(),
            self.targets,
            unfinished | {str(change.address): change.action.value for change in changes},
        )
        for old in cut_short:
            revisions.finish(old, {"result": "cut short"})

    def write(
        self, number: int, address: Address, fields: Fields | None, outage: float = 0.0
    ) -> None:
        """Record the fields that were applied, and what that cost; None after a delete.

        What is held stays held when it was made again as it was.
        """
        before = last_applied(self.objects, self.project, address)
        known = outage or (before.outage if before else 0.0)
        if before and before.held and fields and before.hashes == hash_fields(fields):
            held = replace(before, revision=number, outage=known)
            hold_applied(self.objects, self.project, held)
        else:
            write_applied(self.objects, self.project, address, fields, number, known)

    def hold(self, address: Address, refused: Fields, why: str) -> None:
        """Record that an address went back from these fields, and why; it keeps what it had."""
        applied = last_applied(self.objects, self.project, address)
        if applied is not None:
            held = replace(applied, held=fingerprint(refused), why=why)
            hold_applied(self.objects, self.project, held)

    def desired(self, number: int) -> Mapping[Address, Desired]:
        """Return what a revision wanted; nothing if its record is lost."""
        try:
            wanted = self.revisions.read(number).desired
        except TargetError:
            return {}
        return {thing.address: thing for thing in wanted}

    def finish(self, number: int, outcome: Fields) -> None:
        """Write down how a run ended, and what it leaves `unfinished`."""
        self.revisions.finish(number, outcome)

    def leave(self, number: int, places: Collection[str]) -> None:
        """Look no longer at places that the file has left."""
        self.revisions.forget(number, *(self.left[place] for place in places))

    def open(self) -> bool:
        """Tell whether a run was cut short, so that nobody said how it ended."""
        return bool(self.revisions.open())

    def unfinished(self) -> frozenset[Address]:
        """Return what earlier runs left in the middle of a change, for all that they recorded."""
        return frozenset(address for address, one in self.read().items() if one.unfinished)

    @property
    def revisions(self) -> Revisions:
        """What the runs set out to make."""
        return Revisions(self.objects, self.project)

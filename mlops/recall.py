"""Adds to what is seen the fields that its platform cannot keep, as the records tell them."""

from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar, Protocol, runtime_checkable

from msgspec.structs import replace

from mlops.plain import fingerprint, freeze
from mlops.protocols import Places, Records
from mlops.references import bare
from mlops.spec import Fields
from mlops.values import Address, Applied, Desired, Observed, Ownership


@runtime_checkable
class HasRecorded(Protocol):
    """A target whose platform cannot keep some fields of a living service: the records do."""

    recorded: ClassVar[Collection[str]]
    """The paths of these fields, or their first words."""


def recall(seen: Iterable[Observed], places: Places, records: Records) -> tuple[Observed, ...]:
    """Return what is seen, with the words that were recorded when it was last applied.

    What the records do not tell of is as if it had never been said.
    What is seen all the same counts.
    """
    applied = records.read()
    runs: dict[int, Mapping[Address, Desired]] = {}
    told = []
    for thing in seen:
        place = places.get(thing.address.place)
        record = applied.get(thing.address)
        if isinstance(place, HasRecorded) and record and thing.ownership is Ownership.OURS:
            if record.revision not in runs:
                runs[record.revision] = records.desired(record.revision)
            wanted = runs[record.revision].get(thing.address)
            told.append(_with(thing, _kept(wanted, record, place)))
        else:
            told.append(thing)
    return tuple(told)


def _kept(wanted: Desired | None, record: Applied, place: HasRecorded) -> Fields:
    """Return the recorded fields, as far as they are those that were applied."""
    return {
        path: value
        for path, value in (wanted.fields if wanted else {}).items()
        if {path, path.partition(".")[0]} & set(place.recorded)
        and record.hashes.get(path) == fingerprint(bare(value))
    }


def _with(thing: Observed, kept: Fields) -> Observed:
    fields = freeze({**kept, **thing.fields})
    return replace(thing, fields=fields, protect=fields.get("protect") is True)

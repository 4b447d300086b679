"""What was last applied to each address: one short hash a field, no values.

It explains why a field differs; it never says what exists.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from mlops.plain import NOTHING, fingerprint
from mlops.references import bare
from mlops.spec import Fields, Json
from mlops.store.desired_record import address_of
from mlops.store.objects import Objects
from mlops.store.patience import Patience
from mlops.store.records import DamagedError, create_record, numbers, read_record
from mlops.values import Address, Applied

READERS = 16
"""Records that are read side by side."""


def hash_fields(fields: Fields) -> Mapping[str, str]:
    """Return a short hash of each field; one that is None is absent, as in a comparison."""
    return {path: fingerprint(bare(value)) for path, value in fields.items() if value is not None}


def read_applied(objects: Objects, project: str) -> Mapping[Address, Applied]:
    """Return what was last applied to each address: one list call, and one read an address."""
    paths = objects.list(f"applied/{project}")
    folders = {path.rpartition("/")[0]: path for path in paths}  # sorted: the highest stays
    with ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="applied") as pool:
        found = pool.map(lambda item: _read(objects, *item), folders.items())
        return {applied.address: applied for applied in found if applied is not None}


def last_applied(objects: Objects, project: str, address: Address) -> Applied | None:
    """Return what was last applied to one address; None if nothing was, or it was deleted."""
    folder = f"applied/{project}/{address}"
    return _newest(objects, folder, objects.list(folder))


def hold_applied(objects: Objects, project: str, applied: Applied) -> None:
    """Record that an address keeps what was applied before, and what it went back from."""
    held = {"digest": applied.held, "why": applied.why}
    record = _record(applied.hashes, applied.revision, applied.outage)
    _append(objects, f"applied/{project}/{applied.address}", {**record, "held": held})


def write_applied(
    objects: Objects,
    project: str,
    address: Address,
    fields: Fields | None,
    revision: int = 0,
    outage: float = 0.0,
) -> None:
    """Record what was applied to an address, and the seconds that cost; None after a delete."""
    record: Fields = (
        {"gone": True, "revision": revision}
        if fields is None
        else _record(hash_fields(fields), revision, outage)
    )
    _append(objects, f"applied/{project}/{address}", record)


def amend_applied(objects: Objects, project: str, address: Address, fields: Fields) -> None:
    """Record that some fields of an address were applied, and the others are what they were."""
    before = last_applied(objects, project, address)
    if before is None:
        return
    hashes = {**before.hashes, **hash_fields(fields)}
    record = _record(hashes, before.revision, before.outage)
    if before.held:
        record["held"] = {"digest": before.held, "why": before.why}
    _append(objects, f"applied/{project}/{address}", record)


def _record(hashes: Mapping[str, str], revision: int, outage: float) -> dict[str, Json]:
    record: dict[str, Json] = {"hashes": hashes, "revision": revision}
    return {**record, "outage": round(outage, 3)} if outage else record


def _append(objects: Objects, folder: str, record: Fields) -> None:
    """Write the next record of a folder, through a failure that is soon over.

    The record before stays for those who are about to read it; older ones are removed, so that
    reading stays quick after thousands of changes.
    """

    def append() -> None:
        have = numbers(objects.list(folder), folder)
        number = max(have, default=0) + 1
        while not create_record(objects, _path(folder, number), record):
            number += 1
        objects.delete(_path(folder, old) for old in have if old < number - 1)

    Patience().ask(append)


def _read(objects: Objects, folder: str, path: str) -> Applied | None:
    """Return what a record says; None if it is gone or unreadable: the cause is then unknown."""
    try:
        record = read_record(objects, path)
    except DamagedError:
        return None
    if record is None:  # others wrote two more meanwhile, and removed this one
        return _newest(objects, folder, objects.list(folder))
    hashes = record.get("hashes")
    if not isinstance(hashes, Mapping):
        return None
    held = record.get("held", NOTHING)
    return Applied(
        address=address_of("/".join(folder.split("/")[-3:])),
        hashes=hashes,
        revision=record.get("revision", 0),
        held=str(held.get("digest", "")),
        why=str(held.get("why", "")),
        outage=float(record.get("outage", 0.0)),
    )


def _newest(objects: Objects, folder: str, paths: Collection[str]) -> Applied | None:
    have = numbers(paths, folder)
    return _read(objects, folder, _path(folder, have[-1])) if have else None


def _path(folder: str, number: int) -> str:
    return f"{folder}/{number:08d}.json"

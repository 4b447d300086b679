"""Records in the store: JSON objects that are written once and never changed."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from mlops.errors import Problem, TargetError
from mlops.plain import NOTHING, canonical, freeze
from mlops.store.objects import Objects


class DamagedError(TargetError):
    """A record in the store is not what this program writes."""


def read_record(objects: Objects, path: str) -> Any:
    """Return a record, frozen; None if there is none. Raises DamagedError for what is no JSON."""
    data = objects.read(path)
    if data is None:
        return None
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise damaged(objects, path)
    return freeze(record)


def create_record(objects: Objects, path: str, record: Any) -> bool:
    """Write a record that does not exist yet. Return False if another one does.

    A write whose answer was lost may have been done: the same bytes are ours.
    """
    data = canonical(record) + b"\n"
    return objects.create(path, data) or objects.read(path) == data


def amend_record(objects: Objects, folder: str, change: Callable[[Any], Any]) -> None:
    """Write what `change` makes of the highest record of a folder as the next one.

    What says nothing new is not written. Where another run was quicker, `change` is asked again
    for what that one wrote: no word is lost.
    """
    while True:
        number = max(numbers(objects.list(folder), folder), default=0)
        record = read_record(objects, f"{folder}/{number}.json") if number else NOTHING
        fresh = change(record)
        if canonical(fresh) == canonical(record):
            return
        if create_record(objects, f"{folder}/{number + 1}.json", fresh):
            return


def damaged(objects: Objects, path: str) -> DamagedError:
    """Return the error that a record is not what this program writes."""
    return DamagedError(
        Problem(
            summary=f"the record `{path}` in the store `{objects.location}` is damaged",
            hint="restore it from a copy of the store, or remove it",
        )
    )


def numbers(paths: Iterable[str], prefix: str) -> tuple[int, ...]:
    """Return the `n` of every path `<prefix>/<n>.json`, lowest first."""
    pattern = re.compile(re.escape(prefix) + r"/([0-9]{1,12})\.json")
    matches = (pattern.fullmatch(path) for path in paths)
    return tuple(sorted(int(match[1]) for match in matches if match))

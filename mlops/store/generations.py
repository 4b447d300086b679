"""The generations of keys: a create-only record each, the highest counts. No keys are kept.

keys/<project>/<target>/<deployment>/<slot>/<n>.json
"""

import re

from mlops.keys import FIRST, Generations
from mlops.store.objects import Objects
from mlops.store.records import create_record
from mlops.values import Address


def read_generations(objects: Objects, project: str) -> Generations:
    """Return the generation of every slot that was ever rotated: one list call."""
    pattern = re.compile(rf"keys/{re.escape(project)}/(.+)/([^/]+)/([0-9]{{1,9}})\.json")
    found: dict[str, dict[str, int]] = {}
    for path in objects.list(f"keys/{project}"):
        match = pattern.fullmatch(path)
        if match is not None:
            slots = found.setdefault(match[1], {})
            slots[match[2]] = max(int(match[3]), slots.get(match[2], FIRST))
    return found


def next_generation(objects: Objects, project: str, address: Address, slot: str) -> int:
    """Record the next generation of a slot, and return its number."""
    slots = read_generations(objects, project).get(f"{address.place}/{address.name}", {})
    number = slots.get(slot, FIRST) + 1
    folder = f"keys/{project}/{address.place}/{address.name}/{slot}"
    while not create_record(objects, f"{folder}/{number}.json", {"generation": number}):
        number += 1
    return number

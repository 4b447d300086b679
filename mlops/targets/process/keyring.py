"""The keys of a service in its instance folder: keys.json for the server, fingerprints in the mark.

keys.json                        {"primary": "…", "secondary": "…"}, mode 0600, read as it changes
mark.json                        "keys": the generation and the fingerprint of each
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops.keys import SLOTS, key_fingerprint, key_generations
from mlops.protocols import Means
from mlops.spec import Json
from mlops.targets.process import world
from mlops.targets.process.private import OTHERS, write_private
from mlops.targets.process.world import Instance
from mlops.values import Desired

FILE = "keys.json"


def wanted_keys(folder: Path, wanted: Desired, means: Means) -> dict[str, str]:
    """Return the keys that a service shall take. One of the same generation stays what it is."""
    told, keys = _told(world.read_json(folder / "mark.json")), live_keys(folder)
    return {
        slot: keys[slot]
        if _same(told.get(slot), generation, keys.get(slot))
        else means.key(wanted.address, slot, generation)
        for slot, generation in key_generations(wanted.fields).items()
    }


def mark_of(keys: Mapping[str, str], wanted: Desired) -> dict[str, Any]:
    """Return what the mark says of keys: never a key."""
    generations = key_generations(wanted.fields)
    return {
        slot: {"generation": generations[slot], "fingerprint": key_fingerprint(key)}
        for slot, key in keys.items()
    }


def lay_keys(folder: Path, keys: Mapping[str, str], means: Means) -> None:
    """Write the keys, unless they are written. The server takes them without a restart."""
    path = folder / FILE
    if keys and (live_keys(folder) != keys or path.stat().st_mode & OTHERS):
        data = json.dumps(keys, indent=2, sort_keys=True).encode() + b"\n"
        write_private(path, data, means.lease.check)


def live_keys(folder: Path) -> Mapping[str, str]:
    """Return the keys that a server takes, by their slots; empty without any."""
    found = world.read_json(folder / FILE)
    return {slot: found[slot] for slot in (*SLOTS, *found) if isinstance(found.get(slot), str)}


def seen_keys(instance: Instance, edited: str) -> dict[str, Json]:
    """Return the fields of keys as they are: `edited` where a key is none that we made.

    Keys that this user may not read count as those that the mark names.
    """
    if instance.settings.get("auth") is None:
        return {}
    told, path = _told(instance.mark), instance.folder / FILE
    try:
        closed = not path.stat().st_mode & OTHERS
        known = closed and set(json.loads(path.read_bytes())) == set(SLOTS)
    except PermissionError:
        slots = {slot: told.get(slot, {}).get("generation", edited) for slot in SLOTS}
    except (OSError, ValueError, TypeError):
        slots = dict.fromkeys(SLOTS, edited)
    else:
        keys = live_keys(instance.folder)
        slots = {
            slot: mark["generation"]
            if known and _same(mark, mark.get("generation"), keys.get(slot))
            else edited
            for slot in SLOTS
            for mark in [told.get(slot, {})]
        }
    fields: dict[str, Json] = {f"auth.{slot}": value for slot, value in slots.items()}
    return {"auth.type": str(instance.settings["auth"].get("type", "key")), **fields}


def _told(mark: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = mark.get("keys")
    keys = found if isinstance(found, dict) else {}
    return {slot: told for slot, told in keys.items() if isinstance(told, dict)}


def _same(told: Mapping[str, Any] | None, generation: Any, key: str | None) -> bool:
    """Tell whether a key is the one of a generation, by what the mark says."""
    if not told or key is None or generation is None or told.get("generation") != generation:
        return False
    return bool(told.get("fingerprint") == key_fingerprint(key))

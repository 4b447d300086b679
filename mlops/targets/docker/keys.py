"""The keys that a service takes, read out of the volume where they lie."""

import json
from collections.abc import Mapping

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError
from mlops.keys import SLOTS
from mlops.targets.docker.laid import KEYS
from mlops.targets.docker.shape import INSTANCE


def keys_of(engine: Engine, name: str) -> Mapping[str, str]:
    """Return the keys of a container, by their slots; nothing where it has none."""
    try:
        found = json.loads(engine.files.read(name, f"{INSTANCE}/{KEYS}"))
    except (MissingError, ValueError):
        return {}
    told = found if isinstance(found, dict) else {}
    return {slot: told[slot] for slot in (*SLOTS, *told) if isinstance(told.get(slot), str)}

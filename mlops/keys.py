"""Generated keys: what each one is, and what of it stands in a plan. Pure.

A key follows from the master secret of the project, the service, the slot and the generation, so
that nothing needs to keep it; another key is another generation.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from mlops.plain import Frozen
from mlops.spec import Fields
from mlops.values import Address

SLOTS = ("primary", "secondary")
"""A service takes two keys, so that clients can move from one to the other."""

FIRST = 1

Generations = Mapping[str, Mapping[str, int]]
"""`target/deployment` -> the generation of each slot that is not the first."""


def generated(master: str, address: Address, slot: str, generation: int) -> str:
    """Return a key: 43 letters, digits, `-` and `_`, of 256 bits."""
    name = f"{address.place}/{address.name}/{slot}/{generation}"
    made = hmac.new(master.encode(), name.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def key_fingerprint(key: str) -> str:
    """Return what tells a key from others. One of 256 bits can't be guessed from it."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def key_fields(kind: str, generations: Mapping[str, int]) -> Fields:
    """Return the fields of a service that asks for a key."""
    slots = {f"auth.{slot}": generations.get(slot, FIRST) for slot in SLOTS}
    return Frozen({"auth.type": kind, **slots})


def key_labels(fields: Fields) -> Mapping[str, str]:
    """Return words for these fields."""
    words = {"auth.type": "key; who bears none is answered 401"}
    words |= {f"auth.{slot}": f"generation {fields.get(f'auth.{slot}')}" for slot in SLOTS}
    return {path: text for path, text in words.items() if path in fields}


def key_generations(fields: Fields) -> Mapping[str, int]:
    """Return the generation of each slot; nothing of a service that asks for no key."""
    return {slot: number for slot in SLOTS if isinstance(number := fields.get(f"auth.{slot}"), int)}

"""What tells one value of a secret from another, without telling the value."""

import hashlib
import hmac
import os

from mlops.secrets.places import Secret

COST = 2**14
"""Rounds of scrypt: about 40 ms for each guess of whoever guesses."""


def identity(secret: Secret) -> str:
    """Return what tells a value from others: its version in a vault, else a salted fingerprint."""
    return f"version:{secret.version}" if secret.version else _scrypt(secret, os.urandom(16))


def same(secret: Secret, known: str) -> bool:
    """Tell whether `known` was made of this value."""
    kind, _, rest = known.partition(":")
    if kind != "scrypt" or secret.version:
        return bool(secret.version) and known == f"version:{secret.version}"
    try:
        salt = bytes.fromhex(rest.partition(":")[0])
    except ValueError:
        return False
    return hmac.compare_digest(_scrypt(secret, salt).encode(), known.encode())


def _scrypt(secret: Secret, salt: bytes) -> str:
    made = hashlib.scrypt(secret.value.encode(), salt=salt, n=COST, r=8, p=1, dklen=16)
    return f"scrypt:{salt.hex()}:{made.hex()}"

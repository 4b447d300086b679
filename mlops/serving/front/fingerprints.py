"""`/.mlops/settings`: what runs, as digests that only who holds the same key can compare. Pure.

The digest of a value is HMAC-SHA256(key, path + "=" + value as compact JSON with sorted keys) in
hex, where the key is the one that the request bears. Settings go by their path in settings.json
(`environment_variables.LOG_LEVEL`, `serving.timeout`; lists whole), keys by `keys.<name>`.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any


def fingerprints(key: str, document: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, str]:
    """Return the digest of every setting and of every key, by its path."""
    rows = [*leaves(document), *((f"keys.{name}", value) for name, value in keys.items())]
    return {path: fingerprint(key, path, value) for path, value in rows}


def fingerprint(key: str, path: str, value: Any) -> str:
    """Return the digest of one value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hmac.new(key.encode(), f"{path}={text}".encode(), hashlib.sha256).hexdigest()


def leaves(value: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield every value that is no object, by its path."""
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from leaves(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, inner

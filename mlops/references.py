"""The shape of a secret in a field: its place, and what tells one value from another. Pure.

`{"secret": "env/TOKEN", "identity": "scrypt:…"}`. The identity is the version in a vault, else a
salted fingerprint: it is kept with what was made, compared by apply, and shown to nobody.
"""

from collections.abc import Mapping

from mlops.plain import Frozen
from mlops.spec import Fields, Json, SecretRef


def field(value: str | SecretRef) -> Json:
    """Return the value of a field that may hold a secret: text itself, of a secret its place."""
    return Frozen({"secret": value.secret}) if isinstance(value, SecretRef) else value


def place_of(value: Json) -> str:
    """Return the place of the secret that a field holds; nothing if it holds none."""
    return str(value.get("secret", "")) if isinstance(value, Mapping) else ""


def identity_of(value: Json) -> str:
    """Return what tells a secret's value from others; nothing where nobody looked yet."""
    return str(value.get("identity", "")) if isinstance(value, Mapping) else ""


def bare(value: Json) -> Json:
    """Return the value of a field as a file could say it: of a secret only its place."""
    place = place_of(value)
    return Frozen({"secret": place}) if place else value


def bare_fields(fields: Fields) -> Fields:
    """Return fields as a file could say them."""
    return Frozen({path: bare(value) for path, value in fields.items()})


def secrets_of(fields: Fields) -> dict[str, SecretRef]:
    """Return the place of each secret by the path of its field."""
    places = {path: place_of(value) for path, value in fields.items()}
    return {path: SecretRef(secret=place) for path, place in places.items() if place}

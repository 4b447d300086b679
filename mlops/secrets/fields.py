"""What stands in a field for a secret: its place, and what tells one value from another. Pure."""

from mlops.spec import Json, SecretRef


def field(value: str | SecretRef) -> Json:
    """Return the value of a field that may hold a secret: text itself, of a secret its place."""
    return {"secret": value.secret} if isinstance(value, SecretRef) else value

"""The time, as records keep it."""

from datetime import datetime, timezone


def now() -> str:
    """Return the time now: UTC, to the second, in ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")

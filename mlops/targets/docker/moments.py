"""Moments as the engine writes them. Pure."""

from datetime import datetime, timezone


def seconds(moment: str) -> float:
    """Return the seconds of a time as the engine writes it, with nanoseconds and in UTC."""
    whole, _, rest = moment.removesuffix("Z").partition(".")
    begun = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)
    return begun.timestamp() + float(f"0.{rest[:6] or 0}")

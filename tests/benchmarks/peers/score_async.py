"""The same as a coroutine."""

from score import init
from score import run as summed

__all__ = ["init", "run"]


async def run(raw_data: str | bytes) -> list[float]:
    """Take the body as it came."""
    return summed(raw_data)

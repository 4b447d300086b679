"""Why a service cannot be had."""

from typing import NamedTuple


class Failure(NamedTuple):
    """A sentence, and the last lines of the log that belong to it."""

    summary: str
    log: list[str]

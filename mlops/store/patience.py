"""Asks a store again that fails for the moment, and writes a record once through such failures."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from mlops.store.objects import Objects, UnavailableError

Result = TypeVar("Result")

FIRST, LONGEST = 0.2, 4.0
"""Seconds of the first pause and of the longest; each is twice the one before."""


class Patience(Struct, frozen=True, kw_only=True):
    """How many seconds to go on asking a store that is unavailable."""

    seconds: float = 20.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def ask(self, act: Callable[[], Result]) -> Result:
        """Return what `act` does, repeated while the store is unavailable. It may run twice."""
        end, pause = self.clock() + self.seconds, FIRST
        while True:
            try:
                return act()
            except UnavailableError:
                if self.clock() + pause > end:
                    raise
            self.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  spreads callers, no secret
            pause = min(2 * pause, LONGEST)

    def create(self, objects: Objects, path: str, data: bytes) -> bool:
        """Create an object through failures; tell whether the one that is there is this one.

        A create that seemed to fail may have been done: then the next one finds it, and what is in
        it tells whose it is. So `data` must be unlike what anybody else would write.
        """
        return self.ask(lambda: objects.create(path, data) or objects.read(path) == data)

"""How many requests a worker has started, and when the last one began, in shared memory.

So the front knows, when a worker dies, which requests must not be sent again.
"""

import mmap
import struct
from typing import Tuple

COUNT = struct.Struct("<Q")
SINCE = struct.Struct("<d")
DROPPED_AT = COUNT.size + SINCE.size
SIZE = DROPPED_AT + COUNT.size


class Progress:
    """The shared 24 bytes. The worker writes, the front reads."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)
        self._count = 0
        self._dropped = 0

    def begin(self, now: float) -> None:
        """Say that the next request begins at `now` (monotonic seconds)."""
        self._count += 1
        SINCE.pack_into(self._memory, COUNT.size, now)
        COUNT.pack_into(self._memory, 0, self._count)

    def drop(self) -> None:
        """Say that the data of one more request was not collected, for want of room."""
        self._dropped += 1
        COUNT.pack_into(self._memory, DROPPED_AT, self._dropped)

    @property
    def dropped(self) -> int:
        """Return how many requests' data was not collected."""
        return int(COUNT.unpack_from(self._memory, DROPPED_AT)[0])

    def read(self) -> Tuple[int, float]:
        """Return how many requests have begun, and when the last one did."""
        return COUNT.unpack_from(self._memory, 0)[0], SINCE.unpack_from(self._memory, COUNT.size)[0]

"""One connection: its bytes, its patience, its end."""

import asyncio
import time
from typing import Protocol, cast

from .answers import Answer, message
from .reader import BODY, HEAD, IDLE, Reader
from .turns import Hall, Turns

LINGER = 2.0
"""Seconds in which a client may still send after it was refused, so that it sees why."""
SLOWEST = 1024
"""Bytes a second that a body must move at, beside its time."""
SLOW = message(408, "The request did not arrive in time.")
FULL = message(503, "The service is overloaded: too many connections. Try again later.")


class Entrance(Hall, Protocol):
    """The door that connections come through."""

    def enter(self, connection: "Connection") -> bool:
        """Count a connection; say whether there is room for it."""

    def leave(self, connection: "Connection") -> None:
        """Forget a connection."""


class Connection(asyncio.Protocol):
    """What asyncio calls back."""

    def __init__(self, door: Entrance) -> None:
        self._door = door
        self._left = 0  # bytes that the client had not read when last looked
        self._turns = Turns(door, self)
        self._reader = Reader(self._turns, door, time.monotonic)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet a client, or send it away."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        if not self._door.enter(self):
            self._turns.refuse(FULL)

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell everybody."""
        self._door.leave(self)
        self._reader.abandon()
        self._turns.drop()

    def data_received(self, data: bytes) -> None:
        """Read; after the end, what comes is dropped."""
        turns = self._turns
        if turns.over or turns.last is not None:
            return
        refusal = self._reader.feed(data)
        if refusal is not None and not turns.over:
            turns.refuse(refusal)

    def pause_writing(self) -> None:
        """Wait for a client that reads slowly."""
        self._turns.stuck = True

    def resume_writing(self) -> None:
        """Go on."""
        self._turns.stuck = False
        self._turns.next()

    def end(self, last: Answer | None) -> None:
        """Close; a client that is still sending must not lose its answer to a reset."""
        self._turns.over = True
        if last is None and self._reader.state == IDLE:
            self.transport.close()
        elif self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            asyncio.get_running_loop().call_later(LINGER, self.transport.close)

    @property
    def idle(self) -> bool:
        """Say whether nothing is under way."""
        return self._turns.idle and not self._turns.over and self._reader.state == IDLE

    def check(self, now: float) -> None:
        """End what takes too long; asked from time to time."""
        limits, reader, turns = self._door.limits, self._reader, self._turns
        if turns.over or turns.stuck:
            self._flushed(now)
        elif reader.state == HEAD and now - reader.since > limits.head_timeout:
            turns.refuse(SLOW)
        elif reader.state == BODY:
            if now - reader.since > limits.body_timeout + reader.size / SLOWEST:
                turns.refuse(SLOW)
        elif self.idle:
            allowed = limits.head_timeout if turns.fresh else limits.keep_alive
            if now - turns.since > allowed:
                self.transport.close()

    def _flushed(self, now: float) -> None:
        """Give up a client that does not take its answer."""
        left, turns = self.transport.get_write_buffer_size(), self._turns
        if left != self._left:
            self._left, turns.since = left, now
        if now - turns.since > (self._door.limits.body_timeout if left else LINGER):
            self.transport.abort()

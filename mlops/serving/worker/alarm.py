"""Ends a `run()` that takes too long, by a signal on the main thread."""

import signal
from types import FrameType
from typing import Optional


class RunTimeoutError(BaseException):
    """Raised inside `run()` when its time is over. No `except Exception` of a script stops it."""


class Alarm:
    """A clock around one `run()` at a time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.rang = False
        self._armed = False
        signal.signal(signal.SIGALRM, self._ring)

    def arm(self) -> None:
        """Start the clock."""
        self.rang = False
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def disarm(self) -> None:
        """Stop the clock. A signal that is already under way does nothing any more."""
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, _signal: int, _frame: Optional[FrameType]) -> None:
        if self._armed:
            self.rang = True
            raise RunTimeoutError

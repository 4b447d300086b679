"""One request at a time on the main thread, as v1's scripts rely on; SIGALRM ends what hangs."""

import os
import socket
from typing import Any, Iterator

from . import wire
from .alarm import Alarm, RunTimeoutError
from .progress import Progress
from .score import Call, Scorer


class Alone:
    """The main thread's loop."""

    def __init__(self, scorer: Scorer, alarm: Alarm) -> None:
        self._scorer = scorer
        self._alarm = alarm

    def serve(
        self, frames: Iterator[wire.Frame], channel: socket.socket, progress: Progress
    ) -> None:
        """Answer frames until there are no more."""
        clock, own = self._scorer.clock, os.getpid()
        for frame in frames:
            progress.begin(clock())
            answer = self.answer(frame)
            if os.getpid() != own:
                os._exit(1)  # a child that run() forked and that returned: the answer is not its
            channel.sendall(answer)

    def answer(self, frame: wire.Frame) -> bytes:
        """Return the frame that answers `frame`. Whatever happens in the script stays in there."""
        scorer = self._scorer
        call = scorer.prepare(frame)
        if isinstance(call, bytes):
            return call
        try:
            result = self._call(call)
        except RunTimeoutError:
            return scorer.expired(frame[0])
        except BaseException as error:  # noqa: BLE001 - not even sys.exit() in a script harms
            return scorer.raised(call, error)
        return scorer.finished(call, result)

    def _call(self, call: Call) -> Any:
        alarm = self._alarm
        try:
            alarm.arm()
            if call.context is None:
                result = self._scorer.run(**call.arguments)
            else:
                with call.context:
                    result = self._scorer.run(**call.arguments)
        finally:
            alarm.disarm()
        if alarm.rang:  # the script caught everything, the alarm too
            raise RunTimeoutError
        return result

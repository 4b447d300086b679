"""Answers one frame at a time: arguments, `run()` under the alarm, the answer."""

import json
import time
from typing import Any, Dict

from . import wire
from .alarm import Alarm, RunTimeoutError
from .inputs import RefusedError, reader
from .report import show
from .results import FAILED, UnwritableError, body, response
from .schema import BadInputError
from .script import Script


class Scorer:
    """Calls `run()` for the frames of one worker."""

    clock = staticmethod(time.monotonic)

    def __init__(self, script: Script, alarm: Alarm) -> None:
        self._run = script.run
        self._arguments = reader(script)
        self._alarm = alarm

    def answer(self, frame: wire.Frame) -> bytes:
        """Return the frame that answers `frame`. Whatever happens in the script stays in there."""
        ident, kind, deadline, meta, data = frame
        if deadline and self.clock() > deadline:
            return wire.pack(ident, wire.EXPIRED)
        try:
            arguments = self._arguments(kind, meta, data)
        except RefusedError as refusal:
            return reply(ident, refusal.status, str(refusal))
        begun = time.perf_counter()
        try:
            result = self._call(arguments)
        except RunTimeoutError:
            message = f"Scoring timeout after {self._alarm.seconds * 1000:.0f} ms"
            return reply(ident, 504, message, failed=True)
        except BadInputError as error:
            return reply(ident, 400, str(error))
        except BaseException as error:  # noqa: BLE001 - not even sys.exit() in a script harms
            show(error)
            return reply(ident, 500, FAILED, failed=True)
        return written(ident, (time.perf_counter() - begun) * 1000, result)

    def _call(self, arguments: Dict[str, Any]) -> Any:
        alarm = self._alarm
        try:
            alarm.arm()
            result = self._run(**arguments)
        finally:
            alarm.disarm()
        if alarm.rang:  # the script caught everything, the alarm too
            raise RunTimeoutError
        return result


def written(ident: int, milliseconds: float, result: Any) -> bytes:
    """Answer with what `run()` returned, or say why that cannot be."""
    try:
        whole = response(result)
        if whole is not None:
            meta = json.dumps(whole[0]).encode()
            return wire.pack(ident, wire.REPLY, milliseconds, meta, whole[1])
        return wire.pack(ident, wire.RESULT, milliseconds, b"", body(result))
    except UnwritableError as error:
        show(error)
        return reply(ident, 500, str(error))
    except Exception as error:  # noqa: BLE001 - a method of the result may raise
        show(error)
        return reply(ident, 500, FAILED, failed=True)


def reply(ident: int, status: int, message: str, *, failed: bool = False) -> bytes:
    """Answer with v1's body of an error."""
    meta = {"status": status, "headers": [], "failed": failed}
    text = json.dumps({"message": message}).encode()
    return wire.pack(ident, wire.REPLY, 0.0, json.dumps(meta).encode(), text)

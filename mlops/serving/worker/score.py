"""Answers frames: arguments, `run()`, the answer. Says nothing of clocks and threads."""

import json
import sys
import time
from typing import Any, Callable, ContextManager, Dict, Optional, Union

from . import flasked, wire
from .collection import current
from .inputs import reader
from .late import late
from .options import Options
from .refusals import BadInputError, RefusedError
from .report import show
from .results import FAILED, UnwritableError, body, response
from .script import Script


class Call:
    """One `run()` to be made: its arguments, and the context to make it in."""

    __slots__ = ("arguments", "begun", "context", "frame")

    def __init__(self, frame: wire.Frame, arguments: Dict[str, Any]) -> None:
        self.frame = frame
        self.arguments = arguments
        self.context: Optional[ContextManager[Any]] = None
        self.begun = time.perf_counter()


class Scorer:
    """Turns frames into calls of `run()`, and their outcomes into frames."""

    clock = staticmethod(time.monotonic)

    def __init__(self, script: Script, options: Options) -> None:
        self.run: Callable[..., Any] = script.run
        self._script = script
        self._options = options
        self._arguments = reader(script)
        self._nulls = options.not_finite == "null"
        self._contexts = flasked.Contexts() if flasked.imported() else None
        self._flask = flasked.wanted(script.raw)
        source = current()
        taken = source is None or source.taken
        self.collecting = None if taken else late(".collecting").Collecting(source)
        self._named = late(".lines").name if options.json else None
        self.expiry = f"Scoring timeout after {options.timeout * 1000:.0f} ms"

    def prepare(self, frame: wire.Frame) -> Union[Call, bytes]:
        """Return the call to make for a frame, or the answer if none is to be made."""
        ident, kind, deadline, meta, data = frame
        if self._named is not None:
            self._named(frame)
        if deadline and self.clock() > deadline:
            return wire.pack(ident, wire.EXPIRED)
        try:
            call = Call(frame, {} if self._flask else self._arguments(kind, meta, data))
            if self._contexts is not None:
                self._enter(call, meta, data)
        except RefusedError as refusal:
            return reply(ident, refusal.status, str(refusal))
        except BadInputError as error:
            return reply(ident, 400, str(error))
        except Exception as error:  # noqa: BLE001 - a validator of the script's own may raise
            return self.failed(ident, error)
        return call

    def finished(self, call: Call, result: Any) -> bytes:
        """Answer with what `run()` returned."""
        milliseconds = (time.perf_counter() - call.begun) * 1000
        answer = self._written(call.frame[0], milliseconds, result)
        if self.collecting is not None and answer[4] == wire.RESULT:
            self.collecting.take(call.frame, answer)
        return answer

    def raised(self, call: Call, error: BaseException) -> bytes:
        """Answer with what `run()` raised: the client's error or the script's."""
        ident = call.frame[0]
        if isinstance(error, (BadInputError, RefusedError)):
            return reply(ident, getattr(error, "status", 400), str(error))
        if self._script.decorated:
            misfit = late(".schema").misfit(self.run, call.arguments, error)
            if misfit:
                show(error)
                text = f"The input does not fit its schema, and the scoring script failed: {misfit}"
                return reply(ident, 400, text, failed=True)
        return self.failed(ident, error)

    def failed(self, ident: int, error: BaseException) -> bytes:
        """Answer with the script's own failure."""
        show(error)
        return reply(ident, 500, FAILED, failed=True)

    def expired(self, ident: int) -> bytes:
        """Answer that the time was over."""
        return reply(ident, 504, self.expiry, failed=True)

    def _enter(self, call: Call, meta: bytes, data: bytes) -> None:
        """Give the call its Flask context, and the request of it if that is wanted."""
        contexts = self._contexts
        if contexts is None:
            return
        if not self._flask:
            call.context = contexts.plain()
            return
        words = json.loads(meta.decode())
        call.context = made = contexts.request(words, data)
        call.arguments = {self._script.parameters[0].name: made.request}
        if self._script.wants_headers:
            call.arguments["request_headers"] = dict(made.request.headers)

    def _written(self, ident: int, milliseconds: float, result: Any) -> bytes:
        """Write what `run()` returned, or say why that cannot be."""
        try:
            whole = response(result)
            if whole is not None:
                meta = json.dumps(whole[0]).encode()
                return wire.pack(ident, wire.REPLY, milliseconds, meta, whole[1])
            text = body(result, nulls=self._nulls)
            return wire.pack(ident, wire.RESULT, milliseconds, b"", text)
        except UnwritableError as error:
            show(error)
            return reply(ident, 500, str(error))
        except Exception as error:  # noqa: BLE001 - a method of the result may raise
            return self.failed(ident, error)


def reply(ident: int, status: int, message: str, *, failed: bool = False) -> bytes:
    """Answer with v1's body of an error."""
    meta = {"status": status, "headers": [], "failed": failed}
    text = json.dumps({"message": message}).encode()
    return wire.pack(ident, wire.REPLY, 0.0, json.dumps(meta).encode(), text)


def flush() -> None:
    """Send what the script printed on its way."""
    sys.stdout.flush()
    sys.stderr.flush()

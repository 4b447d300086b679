"""The worker's life: load the script, call `init()`, then answer frames until the front is gone."""

import contextlib
import faulthandler
import json
import os
import signal
import socket
import sys
from typing import Any, Dict, Iterator, List, Tuple

from . import wire
from .alarm import Alarm
from .alone import Alone
from .collection import configure, current
from .late import late
from .options import ASYNC_CONCURRENCY, Options
from .progress import Progress
from .report import failure, show
from .score import Scorer
from .script import Script
from .shims import install
from .swagger import documents

CHUNK = 1 << 18


def main(words: List[str]) -> None:
    """Serve the front at the other end of the socket pair."""
    # Python 3.6 does not ask the descriptor what it is.
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=int(words[0]))
    memory = int(words[1])
    for descriptor in (channel.fileno(), memory):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keyword
    end_with_parent(int(words[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the front's to answer
    faulthandler.enable()
    progress = Progress(memory)
    frames = arrivals(channel)
    start = next(frames, None)
    if start is None:
        return
    serve(begin(json.loads(start[3].decode()), channel), frames, channel, progress)


Served = Tuple[Script, Options, Scorer]


def serve(
    served: Served, frames: Iterator[wire.Frame], channel: socket.socket, progress: Progress
) -> None:
    """Answer requests in the way that suits the script."""
    script, options, scorer = served
    source = current()
    if source is not None:
        source.sink.on_drop = progress.drop
    concurrency = at_once(script, options)
    if script.asynchronous:
        late(".loop").Loop(scorer, options.timeout, concurrency).serve(channel, progress)
    elif concurrency > 1:
        late(".threads").Threads(scorer, options.timeout, concurrency).serve(
            frames, channel, progress
        )
    else:
        Alone(scorer, Alarm(options.timeout)).serve(frames, channel, progress)
    if source is not None:
        source.sink.drain()


def at_once(script: Script, options: Options) -> int:
    """Return how many requests may be in `run()` at a time."""
    return options.concurrency or (ASYNC_CONCURRENCY if script.asynchronous else 1)


def arrivals(channel: socket.socket) -> Iterator[wire.Frame]:
    """Yield frames as they come, until the front closes its end."""
    frames = wire.Frames()
    while True:
        try:
            data = channel.recv(CHUNK)
        except ConnectionError:
            return
        if not data:
            return
        yield from frames.feed(data)


def begin(plan: Dict[str, Any], channel: socket.socket) -> Served:
    """Load the script and call its `init()`; tell the front how that went."""
    if plan.get("logs") == "json":
        late(".lines").install()
    sys.path[:0] = [path for path in plan["paths"] if path not in sys.path]
    install()
    try:
        options = Options(plan)
        configure(options)
        script = Script(plan["entry"])
        script.start()
        if "inference_schema" in sys.modules:
            late(".schema").guard(script.run, strict=options.strict)
        scorer = Scorer(script, options)
    except BaseException as error:  # noqa: BLE001 - told to the user, whatever it is
        show(error)  # first: the front ends this process as soon as it knows
        with contextlib.suppress(OSError):  # another worker's failure has ended the front
            channel.sendall(wire.pack(0, wire.FAILED, meta=json.dumps(failure(error)).encode()))
        # Threads that the script left must not keep a worker that will never serve.
        os._exit(3)
    asks = {
        "headers": script.wants_headers or scorer.collecting is not None,
        "id": options.json,
        "raw": script.raw,
        "concurrency": at_once(script, options),
    }
    swagger = json.dumps(documents(script, options)).encode()
    channel.sendall(wire.pack(0, wire.READY, meta=json.dumps(asks).encode(), body=swagger))
    late(".queries")  # what only requests need; whoever waits has been told
    return script, options, scorer


def end_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when the front ends, however it ends."""
    if sys.platform.startswith("linux"):
        try:
            import ctypes  # noqa: PLC0415 - some interpreters lack it

            ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)  # PR_SET_PDEATHSIG
        except (ImportError, OSError, AttributeError):
            pass  # the end of the socket pair tells it too, between two requests
    if os.getppid() != parent:
        sys.exit(0)

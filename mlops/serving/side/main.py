"""One job beside the front, until the front closes the pipe or is gone."""

import json
import os
import signal
import threading
from collections.abc import Iterator

from ..front.logs import reshape, start_log
from ..front.rules import Logs
from ..worker import wire

LAST = 4.0
"""Seconds from the end of the pipe to the end of this process, done or not."""
CHUNK = 1 << 18


def main(words: list[str]) -> int:
    """Do the job that is named on the command line."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)  # they are the front's to answer
    frames = arrivals()
    plan = json.loads(next(frames)[3])
    start_log()
    reshape(Logs(format=plan["logs"]))
    if words == ["traces"]:
        from .traces import export  # noqa: PLC0415 - only who asks for traces has what it needs

        export(plan, frames)
    else:
        from .upload import upload  # noqa: PLC0415 - as above

        upload(plan, frames)
    return 0


def arrivals() -> Iterator[wire.Frame]:
    """Yield what the front says; after its last word there is little time left."""
    frames = wire.Frames()
    while data := os.read(0, CHUNK):
        yield from frames.feed(data)
    ending = threading.Timer(LAST, os._exit, (0,))
    ending.daemon = True
    ending.start()

"""What a person sees of a run: spinners at a terminal, lines in a log, and how to stop it."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType

from mlops.cli.terminal import paper, say, view, write
from mlops.events import Event, Progressed, Started
from mlops.store.grants import Grant
from mlops.values import Address

Show = Callable[[Event], None]

HEARTBEAT = 15.0
"""Seconds of silence after which a log is told what still runs."""


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at the first Ctrl-C or SIGTERM; the second one interrupts at once."""

    def first(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)
        say("stopping: what runs gets a few seconds; once more stops at once\n")

    before = {number: signal.signal(number, first) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def waiting() -> Callable[[Grant], None]:
    """Return what tells, now and then, whom a run waits for."""
    told = [0.0]

    def tell(grant: Grant) -> None:
        now = time.monotonic()
        if now - told[0] >= HEARTBEAT or not told[0]:
            told[0] = now
            say(f"waiting for the lock: {grant.who} holds it since {grant.age:.0f} s\n")

    return tell


def shown(form: str, *, stream: bool) -> AbstractContextManager[Show]:
    """Return what shows events: JSON lines as data, else words on standard error."""
    if stream:
        return nullcontext(lambda event: write(view("json").event(event)))
    if form == "json":
        return nullcontext(lambda _: None)
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415  80 ms, for a terminal alone

        from mlops.views.live import live  # noqa: PLC0415  as above

        return live(Console(stderr=True, no_color=not paper(sys.stderr).color))
    return _logged(HEARTBEAT)


@contextmanager
def _logged(seconds: float) -> Iterator[Show]:
    """Yield what writes a line an event, and after so many silent seconds what still runs."""
    lines = view("text")
    running: dict[Address, float] = {}
    spoken = [time.monotonic()]
    over = threading.Event()

    def show(event: Event) -> None:
        spoken[0] = time.monotonic()
        if isinstance(event, Started):
            running[event.address] = spoken[0]
        elif not isinstance(event, Progressed):
            running.pop(event.address, None)
        say(lines.event(event))

    def beat() -> None:
        while not over.wait(1.0):
            now = time.monotonic()
            if now - spoken[0] >= seconds and running:
                spoken[0] = now
                still = (f"{address} ({now - since:.0f} s)" for address, since in running.items())
                say(f"still running: {', '.join(still)}\n")

    threading.Thread(target=beat, daemon=True, name="heartbeat").start()
    try:
        yield show
    finally:
        over.set()

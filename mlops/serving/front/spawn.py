"""Starts the process of a worker. Needs no event loop: it can come before one is imported."""

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..worker import wire
from ..worker.progress import SIZE, Progress

WORKER = Path(__file__).resolve().parent.parent / "worker" / "__main__.py"


class Launch(NamedTuple):
    """How every worker of a service is started."""

    python: str
    cwd: Path
    environment: Mapping[str, str]
    plan: Mapping[str, Any]


class Spawned(NamedTuple):
    """A worker that begins, and what the front keeps of it."""

    process: "subprocess.Popen[bytes]"
    channel: socket.socket
    unsent: bytes
    """What of its plan found no room in the channel yet."""
    progress: Progress
    printed: int | None
    """Descriptor of what it prints, where the log is JSON."""
    began: float
    """Monotonic seconds."""


def spawn(launch: Launch) -> Spawned:
    """Start a worker, and tell it what to load. Raises OSError."""
    began = time.monotonic()
    ours, theirs = socket.socketpair()
    printed, out = os.pipe() if launch.plan["logs"] == "json" else (None, None)
    with contextlib.ExitStack() as undo, memory() as shared, theirs:
        undo.callback(close, ours, printed)
        try:
            shared.truncate(SIZE)
            unsent = told(ours, launch.plan)
            words = [str(theirs.fileno()), str(shared.fileno()), str(os.getpid())]
            process = subprocess.Popen(
                [launch.python, str(WORKER), *words],
                cwd=launch.cwd,
                env=dict(launch.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=(theirs.fileno(), shared.fileno()),
            )
            progress = Progress(shared.fileno())
        finally:
            if out is not None:
                os.close(out)
        undo.pop_all()
    return Spawned(process, ours, unsent, progress, printed, began)


def told(channel: socket.socket, plan: Mapping[str, Any]) -> bytes:
    """Put the plan into the channel, as far as it goes in without waiting; return the rest."""
    frame = wire.pack(0, wire.START, meta=json.dumps(dict(plan)).encode())
    channel.setblocking(False)  # noqa: FBT003 - it takes no keyword
    return frame[channel.send(frame) :]


def close(channel: socket.socket, printed: int | None) -> None:
    """Let go of what was for a worker that could not be started."""
    channel.close()
    if printed is not None:
        os.close(printed)


def memory() -> IO[bytes]:
    """Make a file without a name, to be shared."""
    try:
        return os.fdopen(os.memfd_create("progress"), "r+b")
    except (AttributeError, OSError):
        import tempfile  # noqa: PLC0415 - slow to import; Linux needs none

        return tempfile.TemporaryFile()

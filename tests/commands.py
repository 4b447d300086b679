"""Runs commands of `mlops`: each a process, most of them without waiting for Python's imports.

What is read only at the start of a program (the seed of its hashes, where modules are) cannot
differ in a fork: a command for which it does starts anew, as `python -m mlops`.
"""

import atexit
import functools
import itertools
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

REPO = Path(__file__).parents[1]
FORKED = Path(__file__).with_name("forked.py")
SECONDS = 120
"""How long a command may take."""

NUMBER = struct.Struct("i")
"""How the id and the exit code of a process are told."""

READ_AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_", "LD_", "TZ", "OPENSSL_", "TMP", "TEMP")
"""How variables begin that count only for a program that starts anew."""


def run(
    words: list[str], *, folder: Path, environ: Mapping[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises TimeoutExpired, and kills it, if that takes too long."""
    commands = next(_turns())
    if _at_start(environ) != _at_start(commands.environ):
        return anew(words, folder=folder, environ=environ, typed=typed)
    return commands.run(words, folder, environ, typed)


def anew(
    words: list[str], *, folder: Path, environ: Mapping[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end as a program that starts anew."""
    return subprocess.run(
        [sys.executable, "-m", "mlops", *words],
        cwd=folder,
        env=dict(environ),
        input=typed,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(READ_AT_START)}


@functools.cache
def _turns() -> "Iterator[Commands]":
    """Return what starts the commands of this process, in turn; it ends with it.

    There are two, whose hashes differ: a command and the next one agree on no order of sets.
    """
    made = (Commands(), Commands())
    for one in made:
        atexit.register(one.end)
    return itertools.cycle(made)


class Commands:
    """A process that has imported `mlops` and run nothing of it; each command is a fork of it."""

    def __init__(self) -> None:
        self.environ = {**os.environ, "PYTHONPATH": str(REPO), "PYTHONDONTWRITEBYTECODE": "1"}
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(FORKED)],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,  # what the forks write to is a pipe, too
                env=self.environ,
                cwd="/",
            )

    def run(
        self, words: list[str], folder: Path, environ: Mapping[str, str], typed: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, and until nobody has its output open."""
        asked = {"folder": str(folder), "words": words, "environ": dict(environ)}
        (read, typing), *ours = (os.pipe() for _ in range(4))
        pipes = [pipe for pipe, _ in ours]
        given = [read, *(end for _, end in ours)]
        try:
            socket.send_fds(self._channel, [json.dumps(asked).encode()], given)
            _close(given)
            os.write(typing, typed.encode())
            _close([typing])
            (pid,) = NUMBER.unpack(os.read(pipes[-1], NUMBER.size))
            out, err, code = _gathered(words, pid, pipes)
        finally:
            _close(pipes)
        number = int(NUMBER.unpack(code)[0])
        return subprocess.CompletedProcess(words, number, _text(out), _text(err))

    def end(self) -> None:
        """End the process."""
        self._channel.close()
        self._process.wait()


def _gathered(words: list[str], pid: int, pipes: Sequence[int]) -> list[bytes]:
    """Return what comes out of each pipe until its end; kill the process if that is late."""
    came = dict.fromkeys(pipes, b"")
    waiting = set(pipes)
    deadline = time.monotonic() + SECONDS
    while waiting:
        ready = select.select(waiting, [], [], max(0, deadline - time.monotonic()))[0]
        if not ready:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(words, SECONDS)
        for pipe in ready:
            some = os.read(pipe, 1 << 16)
            came[pipe] += some
            if not some:
                waiting.discard(pipe)
    return [came[pipe] for pipe in pipes]


def _text(raw: bytes) -> str:
    return raw.decode().replace("\r\n", "\n").replace("\r", "\n")


def _close(files: Sequence[int]) -> None:
    for file in files:
        os.close(file)

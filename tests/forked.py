"""Starts `mlops` as a fork of one process that has imported it, so that none waits for imports.

On standard input, a socket, comes a JSON line for each command, `{"folder": …, "words": […],
"environ": {…}}`, with four open files: what the command reads, writes, writes of errors, and where
its process id and then its exit code are told. A command is the main program of its process, with
nothing of another's: what is forked has run no command. Several may run side by side.
"""

import atexit
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from commands import NUMBER
from preloaded import preload

import mlops.__main__

LONGEST = 1 << 18
"""A request is one message of at most as many bytes."""


def main() -> None:
    """Start what is asked for; return in the command, and in this process at the end."""
    preload()
    while (asked := received()) is not None:
        request, files = asked
        if os.fork() == 0:
            start(request, files)
            left(mlops.__main__.main)
            return
        for file in files:
            os.close(file)
        while reaped():
            pass


def received() -> tuple[Any, list[int]] | None:
    """Return the next request and its files; none at the end."""
    with socket.socket(fileno=os.dup(0)) as channel:
        data, files, _, _ = socket.recv_fds(channel, LONGEST, 4)
    return (json.loads(data), files) if data else None


def start(request: Any, files: list[int]) -> None:
    """Go on as a command; a process beside it waits for its end, and tells of it."""
    told = files.pop()
    if pid := os.fork():
        os.write(told, NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        os.write(told, NUMBER.pack(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    os.close(told)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.path[0] = request["folder"]
    sys.argv = [mlops.__main__.__file__, *request["words"]]


def left(command: Callable[[], None]) -> None:
    """Run a command; leave as Python does, but for taking apart every module that was imported.

    That costs more than many a command. Whatever leaves in another way than usual, or while threads
    go on that Python waits for, is left to Python.
    """
    try:
        command()
    except SystemExit as asked:
        waited_for = [one for one in threading.enumerate() if not one.daemon]
        if not isinstance(asked.code, int) or len(waited_for) > 1 or not flushed():
            raise
        atexit._run_exitfuncs()  # noqa: SLF001  it has no public name
        flushed()
        os._exit(asked.code)


def flushed() -> bool:
    """Write what is still to be written; tell whether somebody took it."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return False
    return True


def reaped() -> bool:
    """Tell whether one more process that has waited for a command is gone."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0] > 0
    except ChildProcessError:
        return False


if __name__ == "__main__":
    main()

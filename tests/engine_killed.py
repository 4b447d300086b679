"""Runs commands of `mlops`, each in a fork, and kills one as `kill -9` does before its n-th write.

It reads a JSON line each, `{"folder": …, "words": […], "kill": n}`, and answers with one. A write
is whatever changes a file, a folder, a process or the store: told by Python's audit events, and by
the calls of the store, whose client is no Python.
"""

import itertools
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from preloaded import preload

import mlops.cli
from mlops.store.objects import Objects

CHANGING = (
    "os.kill",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "subprocess.Popen",
)
STORE = ("create", "overwrite", "upload", "delete")


Counting = Callable[[Callable[[str], None]], None]
"""Is given what counts a write, and sees that each one is."""


def main(counting: Counting) -> None:
    """Run what standard input asks for; `counting` says what counts as a write."""
    preload()
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            answer = forked(Path(folder), asked, counting)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def forked(said: Path, asked: Any, counting: Counting) -> dict[str, Any]:
    """Run a command in a fork; return its exit code, what it said and how many writes it made."""
    pid = os.fork()
    if pid == 0:
        command(said, asked, counting)
    _, status = os.waitpid(pid, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": (said / "out").read_text(encoding="utf-8"),
        "err": (said / "err").read_text(encoding="utf-8"),
        "writes": (said / "writes").read_text(encoding="utf-8").splitlines(),
    }


def command(said: Path, asked: Any, counting: Counting) -> None:
    """Be the command, to its end."""
    os.setsid()
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(said / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    count(os.open(said / "writes", os.O_WRONLY | os.O_CREAT), asked["kill"], counting)
    code = mlops.cli.run(asked["words"])
    sys.stdout.flush()
    os._exit(code)


def count(told: int, last: int, counting: Counting) -> None:
    """Count writes from now on, and end as a crash does before the one with the number `last`."""
    numbers = itertools.count(1)

    def written(what: str) -> None:
        os.write(told, f"{what}\n".encode())
        if next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    counting(written)


def local(written: Callable[[str], None]) -> None:
    """Count what changes this machine and the store."""
    folder = str(Path.cwd())

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGING or (event == "open" and _writes(*arguments)):
            words = [str(word) for word in arguments[:2]]
            if event in ("os.kill", "subprocess.Popen") or any(folder in word for word in words):
                if event == "os.kill" and arguments[1] in (0, signal.SIGKILL):
                    return
                written(f"{event} {' '.join(words)}")

    for name in STORE:
        setattr(Objects, name, counted(getattr(Objects, name), written))
    sys.addaudithook(hook)


def counted(call: Callable[..., Any], written: Callable[[str], None]) -> Callable[..., Any]:
    """Return a call of the store that is counted before it is made."""

    def wrapped(objects: Objects, path: Any, *words: Any) -> Any:
        written(f"store {call.__name__} {path}")
        return call(objects, path, *words)

    return wrapped


def _writes(_path: object, mode: object, flags: object) -> bool:
    """Tell whether a file is opened to be written."""
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


if __name__ == "__main__":
    main(local)

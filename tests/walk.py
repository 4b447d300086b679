"""A user in a folder: a starter on a free port, `mlops` as a real process, and what then lives."""

import contextlib
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import commands
import psutil

REPO = Path(__file__).parents[1]
STARTER = REPO / "mlops" / "cli" / "starter"
ROW = [59, 2, 32.1, 101]
NO_CHANGES = "No changes. The live world is what the file says.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str = ""

    @property
    def json(self) -> Any:
        """The document on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A checkout of the starter, and the commands typed in it."""

    folder: Path
    port: int

    @property
    def spec(self) -> Path:
        """The file of the spec."""
        return self.folder / "mlops.yaml"

    @property
    def services(self) -> Path:
        """The folder of the instance folders."""
        return self.folder / ".mlops" / "targets" / "laptop" / "services"

    @property
    def instance(self) -> Path:
        """The instance folder of the starter's service."""
        return self.services / "diabetes"

    @property
    def environment(self) -> Path:
        """The only environment."""
        (found,) = (self.services.parent / "environments").iterdir()
        return found

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the commands: our checkout, a cache of its own, no colour."""
        color = ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
        kept = {key: value for key, value in os.environ.items() if key not in color}
        return {
            **kept,
            "PYTHONPATH": str(REPO),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_CACHE_HOME": str(self.folder.parent / "cache"),
            "TERM": "xterm",
        }

    def run(
        self, *words: str, typed: str | None = None, environ: Mapping[str, str] | None = None
    ) -> Answer:
        """Run a command to its end; without `typed`, its standard input is empty."""
        asked = {**self.environ, **(environ or {})}
        done = commands.run([*words], folder=self.folder, environ=asked, typed=typed or "")
        return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own, and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "mlops", *words],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def apply(self, *words: str) -> Answer:
        """Apply without a question."""
        return self.run("apply", "--auto-approve", *words)

    def plan(self) -> str:
        """Return what `mlops plan` shows."""
        return self.run("plan").out

    def at_terminal(self, *words: str, typed: str) -> Answer:
        """Run a command at a terminal of 80 columns, and type a line when it asks."""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = subprocess.Popen(
            [sys.executable, "-m", "mlops", *words],
            cwd=self.folder,
            env={**self.environ, "NO_COLOR": "1"},
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        text = _conversation(leader, typed)
        return Answer(code=command.wait(30), out=text)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text, which must be there, in a file of the folder."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def add_service(self, name: str, port: int) -> None:
        """Append a deployment like the starter's, without checks."""
        block = f"  {name}: {{target: laptop, models: [diabetes], inference: score, port: {port}}}"
        self.spec.write_text(self.spec.read_text(encoding="utf-8") + block + "\n", encoding="utf-8")

    def drop_service(self, name: str) -> None:
        """Take out what `add_service` added."""
        lines = self.spec.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"  {name}: {{")]
        assert len(kept) == len(lines) - 1
        self.spec.write_text("".join(kept), encoding="utf-8")

    def record(self, name: str = "diabetes") -> Any:
        """Return what a server says of itself."""
        return json.loads((self.services / name / "server.json").read_text(encoding="utf-8"))

    def servers(self) -> dict[int, str]:
        """Return the name of the service by the process id of each living server."""
        return {
            process.pid: words[-1].rpartition("/")[2]
            for process in processes(self.folder)
            if (words := command_line(process)) and words[-1].startswith(str(self.folder))
        }

    def files(self) -> dict[str, tuple[int, int, int]]:
        """Return inode, size and time of change of every file below the folder."""
        return {
            str(path.relative_to(self.folder)): (info.st_ino, info.st_size, info.st_mtime_ns)
            for path in sorted(self.folder.rglob("*"))
            if not path.is_dir()
            for info in [path.lstat()]
        }

    def score(self, port: int | None = None, row: list[float] | None = None) -> Any:
        """Score as curl does, whose content type is that of a form."""
        address = f"http://127.0.0.1:{port or self.port}/score"
        with urlopen(address, data=json.dumps({"data": [row or ROW]}).encode(), timeout=10) as told:
            return json.loads(told.read())

    def settled(self) -> None:
        """Assert that nothing is left to do, and that one server and one worker live a service."""
        assert self.plan() == NO_CHANGES
        names = sorted(self.servers().values())
        assert names == sorted(path.name for path in self.services.iterdir())
        assert len(list(processes(self.folder))) == 2 * len(names)


@contextlib.contextmanager
def walking(parent: Path) -> Iterator[Walk]:
    """Make a starter below `parent`; at the end, kill whatever still lives of it."""
    folder = parent.resolve() / "work"
    walk = Walk(folder=folder, port=free_port())
    shutil.copytree(STARTER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "gitignore").rename(folder / ".gitignore")
    walk.edit("mlops.yaml", "port: 8891", f"port: {walk.port}")
    try:
        yield walk
    finally:
        for process in processes(folder):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def processes(folder: Path) -> list[psutil.Process]:
    """Return every living process that works below a folder, or names something there."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            places = [process.cwd(), *process.cmdline()]
            if any(place == str(folder) or place.startswith(f"{folder}/") for place in places):
                found.append(process)
    return found


def command_line(process: psutil.Process) -> list[str]:
    """Return the words of a process; none if it has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def kill(pid: int) -> None:
    """End a process as a crash does, and wait until it is gone with all its threads."""
    process = psutil.Process(pid)
    process.send_signal(signal.SIGKILL)
    until(lambda: not process.is_running() or _gone(process))


def _gone(process: psutil.Process) -> bool:
    """Tell whether a process that nobody waited for holds nothing more, as a port."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True


def _conversation(leader: int, typed: str) -> str:
    """Read until the end; type the line once there is a question."""
    text, asked = b"", False
    while select.select([leader], [], [], 60)[0]:
        try:
            some = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not some:
            break
        text += some
        if (
            not asked
            and text.rstrip(b" ").endswith(b":")
            and (b"Plan:" in text or b"is taken" in text)
        ):
            os.write(leader, typed.encode() + b"\n")
            asked = True
    os.close(leader)
    return text.decode().replace("\r\n", "\n")

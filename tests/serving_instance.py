"""A scoring server of our own in a folder, for the tests: started, asked, stopped."""

import http.client
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER = Path(__file__).resolve().parent.parent / "mlops" / "serving"
ECHO = """
    def init():
        pass

    def run(data):
        return data
"""

ACTS = """
    import ctypes, json, os, signal, time

    def init():
        pass

    def run(data):
        act = json.loads(data)
        if "mark" in act:
            open(act["mark"], "a").close()
        if "sleep" in act:
            time.sleep(act["sleep"])
        if act.get("die"):
            os._exit(5)
        if "hold" in act:
            ctypes.PyDLL(None).usleep(int(act["hold"] * 1e6))
        if act.get("stubborn"):
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
            time.sleep(60)
        if act.get("swallow"):
            try:
                time.sleep(60)
            except BaseException:
                return "swallowed"
        return [os.getpid(), act.get("n")]
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class Instance:
    folder: Path
    process: "subprocess.Popen[bytes]"
    codes: list[int] = field(default_factory=list)

    @property
    def record(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "server.json").read_text())
        except FileNotFoundError:
            return {"state": "none", "worker_pids": [], "restarts": 0}
        return found

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def until(self, *states: str, seconds: float = 20) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            record = self.record
            own = record.get("pid") == self.process.pid  # not what a killed one left
            return record if own and record["state"] in states else None

        found: dict[str, Any] = until(reached, seconds)
        return found

    def connect(self, timeout: float = 20) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.record["port"], timeout=timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = self.connect()
        try:
            return ask(connection, method, path, body, headers)
        finally:
            connection.close()

    def score(self, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
        more = {"content-type": "application/json", **(headers or {})}
        return self.ask("POST", "/score", json.dumps(value), more)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    connection.request(method, path, body, dict(headers or {}))
    found = connection.getresponse()
    named = {name.lower(): value for name, value in found.getheaders()}
    return Answer(status=found.status, headers=named, body=found.read())


def until(probe: Any, seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.01)
    message = f"not in {seconds} seconds"
    raise AssertionError(message)


def write(folder: Path, script: str, **changes: Any) -> Path:
    """Write an instance folder as a target would."""
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    (code / "score.py").write_text(textwrap.dedent(script), encoding="utf-8")
    settings = {
        "service": "sums",
        "host": "127.0.0.1",
        "port": 0,
        "python": sys.executable,
        "code": "code",
        "entry_script": "score.py",
        "source_name": "score",
        "models": [],
        "environment_variables": {},
        "serving": {},
        "drain_grace": 10.0,
    }
    (folder / "settings.json").write_text(json.dumps({**settings, **changes}))
    return folder


def start(folder: Path, front: Path | str = sys.executable, words: Sequence[str] = ()) -> Instance:
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [str(front), "-I", *words, str(SERVER), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return Instance(folder=folder, process=process)


@contextmanager
def serving(
    folder: Path,
    script: str = ECHO,
    *,
    front: Any = sys.executable,
    words: Any = (),
    **changes: Any,
) -> Iterator[Instance]:
    """Run a service that gets ready, and leave no process behind."""
    instance = start(write(folder, script, **changes), front, words)
    try:
        if instance.until("ready", "failed")["state"] == "failed":
            raise AssertionError(instance.log)
        yield instance
    finally:
        end(instance)


def end(instance: Instance) -> None:
    if instance.process.poll() is None:
        instance.process.terminate()
        try:
            instance.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            instance.process.kill()
            instance.process.wait()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def failed(folder: Path, script: str = ECHO, **changes: Any) -> tuple[int, dict[str, Any], str]:
    """Run a service that cannot start; return its exit code, its record and its log."""
    instance = start(write(folder, script, **changes))
    try:
        code = instance.process.wait(timeout=20)
    finally:
        end(instance)
    return code, instance.record, instance.log

"""What runs do with one lock, as scenes for every kind of store."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import asdict

from mlops.store.lock import Timing

RUN = Path(__file__).with_name("lock_run.py")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A store, and a file that runs write to while they hold its lock."""

    store: str
    file: Path
    timing: Timing

    def numbers(self) -> list[int]:
        """Return which run wrote, one number a write."""
        return [int(line) for line in self.file.read_text().split()]

    def written_by(self, number: int) -> None:
        """Wait until a run wrote a few times more."""
        before, end = self.numbers().count(number), time.monotonic() + 20
        while self.numbers().count(number) < before + 3:
            assert time.monotonic() < end, f"{number} does not write"
            time.sleep(0.01)


class Run:
    """A run in a process of its own."""

    def __init__(self, scene: Scene, machine: str = "") -> None:
        words = [scene.store, str(scene.file), json.dumps(asdict(scene.timing))]
        command = [sys.executable, str(RUN), *words, *([machine] if machine else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def says(self) -> str:
        """Return its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def finish(self) -> str:
        """Let it come to its end; return its last line."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.says()


@contextmanager
def started(scene: Scene, machine: str = "") -> Iterator[Run]:
    run = Run(scene, machine)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()
        for pipe in (run.process.stdin, run.process.stdout):
            if pipe is not None:
                pipe.close()


def race(scene: Scene) -> None:
    """Two runs start together: one holds, the other one follows when it is done."""
    with started(scene) as one, started(scene) as other:
        time.sleep(1)
        writers = set(scene.numbers())
        assert {1} == writers
        first, second = (one, other) if _held_by(scene, one) else (other, one)
        assert "held 1" == first.says()
        assert "released" == first.finish()
        assert "held 2" == second.says()
        scene.written_by(2)
        assert "released" == second.finish()
    assert sorted(scene.numbers()) == scene.numbers()


def _held_by(scene: Scene, run: Run) -> bool:
    from mlops.store.objects import open_store  # noqa: PLC0415  after the environment is set

    record = json.loads(open_store(scene.store, Path("/")).read("locks/mnist/1.json") or b"")
    return bool(record["process"]["pid"] == run.process.pid)


def killed_here(scene: Scene) -> None:
    """A holder is killed; the next run of this machine need not wait."""
    with started(scene) as first:
        assert "held 1" == first.says()
        first.process.kill()  # and not waited for: it stays as a zombie
        began = time.monotonic()
        with started(scene) as second:
            assert "held 2" == second.says()
            assert time.monotonic() - began < scene.timing.stale
            assert "released" == second.finish()


def killed_elsewhere(scene: Scene) -> None:
    """A holder on another machine is killed; the next run waits until it is stale."""
    with started(scene, machine="elsewhere") as first:
        assert "held 1" == first.says()
        time.sleep(2 * scene.timing.beat)
        first.process.kill()
        began = time.monotonic()
        with started(scene) as second:
            assert "held 2" == second.says()
            assert time.monotonic() - began > scene.timing.stale - scene.timing.beat - 1
            assert "released" == second.finish()


def stopped(scene: Scene) -> None:
    """A holder stands still, another one takes over; the first goes on, and writes nothing."""
    with ExitStack() as stack:
        first = stack.enter_context(started(scene))
        assert "held 1" == first.says()
        scene.written_by(1)
        first.process.send_signal(signal.SIGSTOP)
        second = stack.enter_context(started(scene))
        assert "held 2" == second.says()
        scene.written_by(2)
        first.process.send_signal(signal.SIGCONT)
        assert first.says().startswith("lost the lock ")
        assert 5 == first.process.wait()
        time.sleep(2 * scene.timing.stop)
        scene.written_by(2)
        assert "released" == second.finish()
    assert sorted(scene.numbers()) == scene.numbers()

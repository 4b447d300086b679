"""A service of one large model in a container: what `mlops` makes of a file, and who asks it."""

import compileall
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import docker_engine
from walk import REPO, Walk, free_port

MIB = 1024 * 1024
ASKED_EVERY = 0.02
"""Seconds between two questions to a service that is awaited."""

SCRIPT = """
import os
def init():
    global told
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.bin"), "rb") as file:
        told = file.read()[:8].hex()
def run(data):
    return told
"""
SPEC = """
version: 1
project: {project}
models: {{big: {{path: model.bin}}}}
inference:
  score:
    source_directory: score
    entry_script: score.py
    requirements: requirements.txt
    base_image: {base}
targets:
  engine: {{kind: docker{repository}}}
deployments:
  bench: {{target: engine, models: [big], inference: score, port: {port}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A checkout with the spec of the service, and the installed program. `lib` holds it."""

    walk: Walk
    lib: Path

    @property
    def model(self) -> Path:
        """Return the file of the model."""
        return self.walk.folder / "model.bin"

    def run(self, *words: str) -> None:
        """Run a command, which must succeed."""
        answer = self.walk.run(*words, environ={"PYTHONPATH": str(self.lib)})
        assert answer.code == 0, answer.err[-2000:]


@contextmanager
def checkout(folder: Path, base: str, repository: str = "") -> Iterator[Ours]:
    """Make a checkout, which is served by containers; at the end, remove what bears its mark."""
    project, port = docker_engine.project(), free_port()
    work = folder.resolve() / "work"
    (work / "score").mkdir(parents=True)
    (work / "score" / "score.py").write_text(SCRIPT)
    (work / "score" / "requirements.txt").write_text("")
    place = f", repository: '{repository}'" if repository else ""
    text = SPEC.format(project=project, base=base, port=port, repository=place)
    (work / "mlops.yaml").write_text(text)
    shutil.copytree(REPO / "mlops", folder / "lib" / "mlops")
    compileall.compile_dir(folder / "lib", quiet=2)
    try:
        yield Ours(walk=Walk(folder=work, port=port), lib=folder / "lib")
    finally:
        docker_engine.clean(project)


def write(file: Path, size: int) -> str:
    """Write a model that nobody has yet; return what a service of it answers.

    What the way before left to be written to the disk is written too: it is not timed.
    """
    with file.open("wb") as out:
        for _ in range(size // MIB):
            out.write(os.urandom(MIB))
    os.sync()
    with file.open("rb") as begin:
        return begin.read(8).hex()


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def until_answer(act: Callable[[], object], port: int, expected: str) -> float:
    """Return the seconds from the begin of `act` to the first answer that is expected."""
    ended: list[float] = []

    def ask() -> None:
        while not ended and time.perf_counter() - began < 120:
            if answer(port) == expected:
                ended.append(time.perf_counter() - began)
            time.sleep(ASKED_EVERY)

    began = time.perf_counter()
    asking = threading.Thread(target=ask)
    asking.start()
    act()
    asking.join()
    return ended[0]


def answer(port: int) -> str:
    """Return what a service answers; empty as long as it does not."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/score", data=b"{}", timeout=2) as told:
            return str(told.read().decode().strip('"'))
    except OSError:
        return ""

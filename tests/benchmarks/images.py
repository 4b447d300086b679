"""A new model on an image that a registry has, until it has the new manifest: beside Docker.

Needs a Docker engine and `docker-registry`; removes what it made in the engine.
"""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.measure import Row
from image_means import ImageMeans, image_inputs
from registry import Registry, push_base, repository, running

from mlops.images.builder import Made
from mlops.images.inputs import ImageInputs
from mlops.images.registry import RegistryBuilder

MIB = 1024 * 1024
ROUNDS = 3
DOCKER = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "/usr/local/bin/docker"


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Yield the seconds of both ways, medians of interleaved rounds, each with another model."""
    size = (8 if small else 200) * MIB
    with running(folder / "registry") as registry:
        place = repository(registry, "bench/base")
        base = push_base(place, compressed=True)
        model = folder / "models" / "one" / "model.txt"
        image = _made(folder, registry, image_inputs(folder, base))  # what both ways build upon
        ours, theirs, names = [], [], [image]
        for at in range(ROUNDS):
            _write(model, size)
            inputs = image_inputs(folder, base)  # hashing is a part of planning
            ours.append(_timed(partial(_made, folder, registry, inputs)))
            names.append(f"{registry.host}/bench/docker:{at}")
            theirs.append(_timed(partial(_docker, folder, image, names[-1])))
        _docker_words("rmi", "--force", *names)
        yield Row(
            what=f"a new model of {size // MIB} MiB in the registry, docker build + push",
            measured=f"{statistics.median(theirs):.2f} s",
            beside=f"{statistics.median(ours):.2f} s",
            ratio=statistics.median(theirs) / statistics.median(ours),
            bar=8,
            least=True,
        )


def _made(folder: Path, registry: Registry, inputs: ImageInputs) -> str:
    builder = RegistryBuilder(repository=f"{registry.host}/bench/image", login=lambda _: None)
    last = list(builder.make(inputs, ImageMeans(folder)))[-1]
    return last.reference if isinstance(last, Made) else ""


def _docker(folder: Path, image: str, name: str) -> None:
    context = folder / "context"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir()
    os.link(folder / "models" / "one" / "model.txt", context / "model.txt")
    (context / "Dockerfile").write_text(f"FROM {image}\nCOPY model.txt /opt/models/x/model.txt\n")
    _docker_words("build", "--quiet", "--tag", name, str(context))
    _docker_words("push", "--quiet", name)


def _docker_words(*words: str) -> None:
    environ = {**os.environ, "DOCKER_BUILDKIT": "0"}
    subprocess.run([DOCKER, *words], check=True, env=environ, capture_output=True)


def _write(file: Path, size: int) -> None:
    with file.open("wb") as out:
        for _ in range(size // MIB):
            out.write(os.urandom(MIB))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began

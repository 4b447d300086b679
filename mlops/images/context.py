"""What lies beside the Dockerfile of a deployment: packages, server, code, models, settings.

Never a secret: those are given to the container that is made of it.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.artefacts import Content
from mlops.errors import Problem, SpecError
from mlops.images import paths
from mlops.images.conda import conda_draft
from mlops.images.inputs import ImageInputs
from mlops.images.layers import Kind, write
from mlops.images.recipe import (
    CODE,
    CONDA,
    INSTANCE,
    MODELS,
    PYTHON,
    REQUIREMENTS,
    SERVER,
    recipe,
)
from mlops.images.server import REQUIREMENTS as FRONT
from mlops.images.server import SOURCE, needs_python

Found = Callable[[Content], Mapping[str, Path]]
"""Says where each file of a content lies on this machine."""


class Packages(Struct, frozen=True, kw_only=True):
    """Locked lists with hashes: the packages of the code, and those of the server.

    `conda` and `front` are conda's, as in a `Resolution`.
    """

    code: str
    server: str
    conda: str = ""
    front: str = ""


def context(
    inputs: ImageInputs, settings: Mapping[str, Any], found: Found, locked: Packages | None = None
) -> Iterator[tuple[str, bytes | Path]]:
    """Yield each file of the folder that the Dockerfile is built in, by its path there.

    `settings` are what the server is told of the service. A file is there until the next is asked
    for. Raises SpecError where conda's packages are needed and not locked.
    """
    _check_locked(inputs, locked)
    yield "Dockerfile", recipe(inputs, locked=locked is not None).encode()
    yield REQUIREMENTS, (locked.code if locked else _lines(inputs.requirements)).encode()
    yield f"{SERVER}/{REQUIREMENTS}", (locked.server if locked else _lines(FRONT)).encode()
    name = paths.SERVED.rpartition("/")[2]
    for own in sorted(SOURCE.rglob("*.py")):
        yield f"{SERVER}/{name}/{own.relative_to(SOURCE).as_posix()}", own
    for path, file in sorted(found(inputs.code).items()):
        yield f"{CODE}/{path}", file
    for folder in [CODE] * (not inputs.code.files) + [MODELS] * (not inputs.models):
        yield f"{folder}/.empty", b""  # what is copied must be there
    for content in {model.content.digest: model.content for model in inputs.models}.values():
        folder = paths.model_folder(content).removeprefix(f"{paths.MODELS}/")
        for path, file in sorted(found(content).items()):
            yield f"{MODELS}/{folder}/{path}", file
    if locked is not None:
        yield from _laid_out(locked, inputs.platform)
    yield f"{INSTANCE}/settings.json", (json.dumps(settings, indent=2) + "\n").encode()


def _check_locked(inputs: ImageInputs, locked: Packages | None) -> None:
    """Raise SpecError where nothing says which packages of conda's lie beside the Dockerfile."""
    if locked is None and (inputs.conda or needs_python(inputs.python)):
        why = "its conda file" if inputs.conda else f"Python {inputs.python}"
        raise SpecError(
            Problem(
                summary=f"with {why} a package holds what conda brings, which is not locked",
                hint="run `mlops lock` first",
            )
        )


def _laid_out(locked: Packages, platform: str) -> Iterator[tuple[str, Path]]:
    """Yield the tar of each layer of conda's."""
    for kind, lock, name in ((Kind.CONDA, locked.conda, CONDA), (Kind.FRONT, locked.front, PYTHON)):
        if lock:
            with tempfile.TemporaryDirectory(prefix="mlops-package-") as folder:
                file = Path(folder, name)
                with file.open("wb") as out:
                    write(conda_draft(kind, lock, platform), out)
                yield name, file


def _lines(requirements: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in requirements)

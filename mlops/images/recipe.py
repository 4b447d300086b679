"""The Dockerfile of a deployment, for who has an engine and nothing of ours. Pure.

It makes by commands what `layers` make without them, in the same order; so it also builds from
source what has no wheel, and runs the extra steps.
"""

from mlops.images import paths
from mlops.images.inputs import ImageInputs
from mlops.images.parts import VARIABLES, activated, found_first
from mlops.images.server import needs_python

REQUIREMENTS = "requirements.txt"
SERVER, CODE, MODELS, INSTANCE = "server", "code", "models", "instance"
"""Folders of the context."""

CONDA, PYTHON = "conda.tar", "python.tar"
"""Files of the context, where they are needed: what conda brings, laid out as it will lie."""


def recipe(inputs: ImageInputs, *, locked: bool = False) -> str:
    """Return the Dockerfile. `locked` tells that the lists of packages have hashes."""
    parts = [
        f"FROM {inputs.base}\nARG PIP_CERT",
        inputs.steps.strip("\n"),
        _environment(inputs, locked=locked),
        _server(inputs, locked=locked),
        _content(),
        _start(inputs),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _environment(inputs: ImageInputs, *, locked: bool) -> str:
    """Return the user's packages, in an environment that shows those of the base too."""
    place, python = f"/{paths.ENVIRONMENT}", f"python{inputs.python}"
    if inputs.conda:
        python = f"/{paths.CONDA}/bin/{python}"
    commands = [f"{python} -m venv --system-site-packages {place}"]
    if inputs.requirements:
        commands.append(_installed(place, locked=locked))
    return "\n".join(
        (
            "# the packages of the code",
            *([f"ADD {CONDA} /"] if inputs.conda else []),
            f"COPY {REQUIREMENTS} {place}/{REQUIREMENTS}",
            _run(commands),
        )
    )


def _server(inputs: ImageInputs, *, locked: bool) -> str:
    """Return the server, whose packages the code does not see."""
    place, python = f"/{paths.SERVER}", f"python{inputs.python}"
    own = needs_python(inputs.python)
    if own or inputs.conda:
        python = f"/{paths.FRONT}/bin/python3" if own else f"/{paths.CONDA}/bin/{python}"
    commands = [f"{python} -m venv {place}", _installed(place, locked=locked)]
    return "\n".join(
        (
            "# the server that calls init() and run()",
            *([f"ADD {PYTHON} /"] if own else []),
            f"COPY {SERVER} {place}",
            _run(commands),
        )
    )


def _content() -> str:
    """Return how the service is served, which its user writes beside; the code and the models."""
    place = f"/{paths.INSTANCE}"
    return "\n".join(
        (
            "# how it is served, the code, the models",
            f"COPY --chown={paths.USER} {INSTANCE} {place}",
            f"COPY {CODE} {place}/{CODE}",
            f"COPY {MODELS} /{paths.MODELS}",
        )
    )


def _start(inputs: ImageInputs) -> str:
    told = {**VARIABLES, **activated(inputs)}
    variables = " ".join(f"{name}={value}" for name, value in told.items())
    words = (paths.python(paths.SERVER), "-I", f"/{paths.SERVED}", f"/{paths.INSTANCE}")
    listed = ", ".join(f'"{word}"' for word in words)
    return "\n".join(
        (
            f"ENV {variables} PATH={found_first(inputs)}:$PATH",
            f"USER {paths.USER}",
            f"WORKDIR /{paths.INSTANCE}/{CODE}",
            f"EXPOSE {paths.PORT}",
            f"ENTRYPOINT [{listed}]",
            "CMD []",
        )
    )


def _installed(place: str, *, locked: bool) -> str:
    exactly = " --require-hashes --no-deps" if locked else ""
    quietly = "--no-cache-dir --disable-pip-version-check"
    return f"{place}/bin/python -m pip install {quietly}{exactly} -r {place}/{REQUIREMENTS}"


def _run(commands: list[str]) -> str:
    return "RUN " + " \\\n && ".join(commands)

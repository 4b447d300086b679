"""The Dockerfile of a deployment, for who has an engine and nothing of ours. Pure.

It makes by commands what `layers` make without them, in the same order; so it also builds from
source what has no wheel, and runs the extra steps.
"""

from mlops.images import paths
from mlops.images.inputs import ImageInputs
from mlops.images.parts import VARIABLES

REQUIREMENTS = "requirements.txt"
SERVER, CODE, MODELS, INSTANCE = "server", "code", "models", "instance"
"""Folders of the context."""


def recipe(inputs: ImageInputs, *, locked: bool = False) -> str:
    """Return the Dockerfile. `locked` tells that the lists of packages have hashes."""
    parts = [
        f"FROM {inputs.base}\nARG PIP_CERT",
        inputs.steps.strip("\n"),
        _environment(inputs, locked=locked),
        _server(inputs, locked=locked),
        _content(),
        _start(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _environment(inputs: ImageInputs, *, locked: bool) -> str:
    """Return the user's packages, in an environment that shows those of the base too."""
    place = f"/{paths.ENVIRONMENT}"
    commands = [f"python{inputs.python} -m venv --system-site-packages {place}"]
    if inputs.requirements:
        commands.append(_installed(place, locked=locked))
    return "\n".join(
        (
            "# the packages of the code",
            f"COPY {REQUIREMENTS} {place}/{REQUIREMENTS}",
            _run(commands),
        )
    )


def _server(inputs: ImageInputs, *, locked: bool) -> str:
    """Return the server, whose packages the code does not see."""
    place = f"/{paths.SERVER}"
    commands = [f"python{inputs.python} -m venv {place}", _installed(place, locked=locked)]
    return "\n".join(
        ("# the server that calls init() and run()", f"COPY {SERVER} {place}", _run(commands))
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


def _start() -> str:
    variables = " ".join(f"{name}={value}" for name, value in VARIABLES.items())
    words = (paths.python(paths.SERVER), "-I", f"/{paths.SERVED}", f"/{paths.INSTANCE}")
    listed = ", ".join(f'"{word}"' for word in words)
    return "\n".join(
        (
            f"ENV {variables} PATH=/{paths.ENVIRONMENT}/bin:$PATH",
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

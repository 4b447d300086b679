"""What goes into the image of a deployment, as its pins say it. Pure but for asking the machine."""

import platform

from msgspec.structs import replace

import mlops
from mlops.artefacts import Pins
from mlops.errors import Problem, SpecError
from mlops.images.inputs import ImageInputs, ImageModel
from mlops.images.lockfile import NAME, asked

BARE = "debian:13-slim"
"""What an image is made upon whose Python is conda's, where the file names nothing."""

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def image_inputs(pins: Pins, platform: str = "") -> ImageInputs:
    """Return what goes into the image of a deployment, for a machine like this one, or another.

    `platform` is `linux/amd64`-like. Raises SpecError where `mlops.lock` was made for other
    packages or another base.
    """
    written = _written(pins)
    return _locked(replace(written, platform=platform or written.platform), pins)


def _locked(inputs: ImageInputs, pins: Pins) -> ImageInputs:
    """Return inputs that say what `mlops.lock` holds of them, where there is such a file."""
    if not pins.locks:
        return inputs
    found = pins.locks.get(asked(inputs))
    if found is None:
        name = f" of `{pins.inference.name}`" if pins.inference.name else ""
        raise SpecError(
            Problem(
                summary=f"`{NAME}` does not fit the packages and the base{name}"
                f" for `{inputs.platform}`",
                where=pins.inference.where,
                hint="run `mlops lock`",
            )
        )
    return replace(inputs, lock=found)


def _written(pins: Pins) -> ImageInputs:
    wanted = pins.inference.environment
    usual = BARE if wanted.conda else f"python:{wanted.python}-slim"
    machine = platform.machine().lower()
    return ImageInputs(
        base=pins.inference.base_image or usual,
        platform=f"linux/{MACHINES.get(machine, machine)}",
        python=wanted.python,
        requirements=wanted.requirements,
        conda=wanted.conda.text if wanted.conda else "",
        steps=pins.inference.steps,
        server=mlops.__version__,
        code=pins.code,
        entry_script=pins.inference.entry_script,
        source=pins.inference.source_directory,
        conda_file=wanted.conda.file if wanted.conda else "",
        models=tuple(ImageModel(name=each.name, content=each.content) for each in pins.models),
    )

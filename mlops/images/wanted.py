"""What goes into the image of a deployment, as its pins say it. Pure but for asking the machine."""

import platform

import mlops
from mlops.images.inputs import ImageInputs, ImageModel
from mlops.values import Pins

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def image_inputs(pins: Pins) -> ImageInputs:
    """Return what goes into the image of a deployment, for a machine like this one."""
    wanted = pins.inference.environment
    machine = platform.machine().lower()
    return ImageInputs(
        base=pins.inference.base_image or f"python:{wanted.python}-slim",
        platform=f"linux/{MACHINES.get(machine, machine)}",
        python=wanted.python,
        requirements=wanted.requirements,
        server=mlops.__version__,
        code=pins.code,
        entry_script=pins.inference.entry_script,
        source=pins.inference.source_directory,
        models=tuple(ImageModel(name=each.name, content=each.content) for each in pins.models),
    )

"""What a Docker target would make of a deployment. Pure."""

import os

from msgspec import Struct
from msgspec.structs import replace

import mlops
from mlops.artefacts import Pins
from mlops.environments.conda.asked import asked_of
from mlops.errors import Problem, SpecError
from mlops.facing import collected_fields, facing_fields, trust_of, unlocked_routes
from mlops.hashing import digest_bytes
from mlops.images.inputs import ImageInputs, inputs_of, inputs_record
from mlops.images.login import told_login
from mlops.images.wanted import image_inputs
from mlops.keys import key_fields, key_labels
from mlops.plain import thaw
from mlops.references import field
from mlops.services import Resources, checks_digest, serving_fields, written_checks
from mlops.settings import memory
from mlops.spec import Deployment, Json
from mlops.targets.docker.container import PROCESSES
from mlops.targets.docker.holes import DEFAULT
from mlops.targets.docker.laid import WHOLE
from mlops.targets.docker.live import words_of
from mlops.targets.docker.machine import answers_at, claim_of
from mlops.targets.docker.names import container_name, image_name
from mlops.targets.docker.settings import Collection, ServiceSettings
from mlops.targets.docker.tls import tls_fields
from mlops.units import size
from mlops.values import Address, Desired, Owner

CPU_LIMIT = 1.0
MEMORY_LIMIT = 2 * 2**30
"""What a container never gets more of where a file says neither this nor a higher request."""


STEPS_OF = "steps_of"
"""What the inputs of a base that steps make are called, which is made for an image of them."""


class At(Struct, frozen=True, kw_only=True):
    """Where a service is made, and for whom. `machine` is empty for this one."""

    place: str
    machine: str
    owner: Owner


def desired_images(place: str, pins: Pins) -> tuple[Desired, ...]:
    """Return the image that a deployment runs, after the base that extra steps make for it."""
    inputs = image_inputs(pins)
    if not inputs.steps:
        return (_image(place, inputs, pins),)
    count = len(inputs.steps.splitlines())
    base = Desired(
        address=Address(place=place, kind="image", name=image_name(inputs.stepped)),
        fields={"digest": inputs.stepped},
        inputs={
            STEPS_OF: inputs_record(inputs),
            "base_login": told_login(pins.inference.base_registry),
        },
        summary=f"{inputs.base}, {count} extra line{'' if count == 1 else 's'} run by the engine",
    )
    image = _image(place, inputs, pins)
    return base, replace(image, needs=(base.address,))


def _image(place: str, inputs: ImageInputs, pins: Pins) -> Desired:
    packages = _packages(inputs)
    bytes_ = sum(model.content.size for model in inputs.models)
    return Desired(
        address=Address(place=place, kind="image", name=image_name(inputs.digest)),
        fields={"digest": inputs.digest},
        inputs={**inputs_record(inputs), "base_login": told_login(pins.inference.base_registry)},
        summary=f"{inputs.base}, {packages}, {size(bytes_)} of models",
    )


def _packages(inputs: ImageInputs) -> str:
    """Return how many packages an image asks for, in words."""
    count = len(inputs.requirements)
    words = f"{count} requirement{'' if count == 1 else 's'}"
    conda = len(asked_of(inputs.conda).packages) if inputs.conda else 0
    return f"{conda} conda package{'' if conda == 1 else 's'}, {words}" if conda else words


def desired_service(at: At, deployment: Deployment, pins: Pins) -> Desired:
    """Return the container of a deployment."""
    settings: ServiceSettings = deployment.settings
    inputs = image_inputs(pins)
    scheme = "https" if settings.tls else "http"
    answers = answers_at(settings.host, settings.port, at.machine, scheme)
    claim = claim_of(settings.host, settings.port, at.machine)
    labels = {f"models.{model.name}": f"{model.name}:{model.version}" for model in pins.models}
    image = Address(place=at.place, kind="image", name=image_name(inputs.digest))
    words = ", ".join(labels.values())
    fields = _fields(deployment, pins, at.owner) | _image_fields(inputs)
    return Desired(
        address=Address(place=at.place, kind="service", name=deployment.name),
        fields={path: value for path, value in fields.items() if value is not None},
        inputs={
            "image": inputs_record(inputs),
            "file": os.path.relpath(deployment.where.file, at.owner.root),
            "source_name": os.path.basename(inputs.source),  # noqa: PTH119  a name, not a file
        },
        needs=(*_models(pins), image),
        claims={claim: deployment.places.get("port", deployment.where)},
        labels={**labels, **words_of(fields), **key_labels(fields)},
        summary=f"{words} at {answers}" if words else answers,
        endpoint=answers,
        trust=trust_of(deployment),
        protect=deployment.protect,
        checks=deployment.checks,
        where=deployment.where,
    )


def _image_fields(inputs: ImageInputs) -> dict[str, Json]:
    """Return what a service shows of its image that no other field does."""
    return {
        "base": inputs.base,
        "extra_dockerfile_steps": digest_bytes(inputs.steps.encode()) if inputs.steps else None,
        "lock": inputs.lock or None,
    }


def image_of(wanted: Desired) -> ImageInputs:
    """Return what goes into the image of a service."""
    return inputs_of(thaw(wanted.inputs["image"]))


def _fields(deployment: Deployment, pins: Pins, owner: Owner) -> dict[str, Json]:
    settings: ServiceSettings = deployment.settings
    unlocked = unlocked_routes(settings, locked=settings.auth is not None)
    if unlocked:
        raise SpecError(*(_unlocked(deployment, name) for name in unlocked))
    variables = pins.inference.environment_variables
    return {
        **{f"models.{model.name}": model.content.digest for model in pins.models},
        "code": pins.code.digest,
        "entry_script": pins.inference.entry_script,
        "environment": pins.inference.environment.digest,
        "host": settings.host,
        "port": settings.port,
        **serving_fields(settings.serving),
        **resource_fields(settings.resources, deployment),
        **facing_fields(settings, locked=settings.auth is not None),
        **tls_fields(settings.tls, deployment, owner),
        **_collected(settings.collect_model_data, container_name(owner.project, deployment.name)),
        **(key_fields(settings.auth.type, pins.generations) if settings.auth else {}),
        "server": mlops.__version__,
        "checks": checks_digest(written_checks(deployment.checks)),
        "container": "running",
        "name": container_name(owner.project, deployment.name),
        "confinement": "full",
        "network": DEFAULT,
        "settings": WHOLE,
        "restart": "unless-stopped",
        "description": deployment.description or None,
        "protect": deployment.protect or None,
        **{f"environment_variables.{name}": field(value) for name, value in variables.items()},
        **{f"tags.{name}": value for name, value in deployment.tags.items()},
    }


def _collected(kept: Collection | None, name: str) -> dict[str, Json]:
    return collected_fields(kept, volume=kept.volume or f"{name}.data") if kept else {}


def _unlocked(deployment: Deployment, name: str) -> Problem:
    return Problem(
        summary=f"`{name}` of `{deployment.name}` asks for a key, and the service has none",
        where=deployment.places.get(name, deployment.where),
        hint="write `auth: {type: key}` beside it, or `open` or `off`",
    )


def resource_fields(asked: Resources, deployment: Deployment) -> dict[str, Json]:
    """Return what a container gets. Raises SpecError where a limit is below what it is sure of."""
    sure = memory(asked.memory)
    limits = asked.limits
    most = memory(limits.memory) if limits.memory else max(sure, MEMORY_LIMIT)
    cores = limits.cpu if limits.cpu is not None else max(asked.cpu, CPU_LIMIT)
    pairs = {"cpu": cores < asked.cpu, "memory": most < sure}
    problems = tuple(
        Problem(
            summary=f"the limit of `{name}` is below what `{deployment.name}` is sure to get",
            where=deployment.places.get("resources", deployment.where),
            hint=f"raise `limits.{name}`, or lower `{name}`",
        )
        for name, wrong in pairs.items()
        if wrong
    )
    if problems:
        raise SpecError(*problems)
    return {
        "resources.cpu": float(asked.cpu),
        "resources.memory": sure,
        "resources.limits.cpu": float(cores),
        "resources.limits.memory": most,
        "resources.limits.processes": PROCESSES,
    }


def _models(pins: Pins) -> tuple[Address, ...]:
    return tuple(Address(place="store", kind="model", name=model.name) for model in pins.models)

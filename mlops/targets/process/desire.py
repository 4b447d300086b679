"""What a process target would make of a deployment. Pure."""

import os

import mlops
from mlops.artefacts import PinnedModel, Pins
from mlops.claims import port_claim
from mlops.errors import Problem, SpecError
from mlops.facing import beside, collected_fields, facing_fields, trust_of, unlocked_routes
from mlops.hashing import short
from mlops.keys import key_fields, key_labels
from mlops.references import field
from mlops.services import (
    checks_digest,
    content_files,
    endpoint,
    serving_fields,
    written_checks,
)
from mlops.spec import CondaPackages, Deployment, Environment, Fields, Json
from mlops.targets.process.settings import ServiceSettings
from mlops.targets.process.tls import tls_fields
from mlops.values import Address, Desired, Owner


def environment_address(place: str, environment: Environment) -> Address:
    """Return the address of an environment: named by its digest, shared by who asks for it."""
    return Address(place=place, kind="environment", name=short(environment.digest))


def desired_environment(place: str, environment: Environment) -> Desired:
    """Return the virtual environment that an inference asks for. Raises SpecError."""
    if environment.conda is not None:
        raise SpecError(_conda(environment.conda))
    count = len(environment.requirements)
    return Desired(
        address=environment_address(place, environment),
        fields={"digest": environment.digest},
        inputs={"python": environment.python, "requirements": environment.requirements},
        summary=f"Python {environment.python}, {count} requirement{'' if count == 1 else 's'}",
    )


def desired_service(place: str, deployment: Deployment, pins: Pins, owner: Owner) -> Desired:
    """Return the server process of a deployment."""
    settings: ServiceSettings = deployment.settings
    answers = endpoint(settings.host, settings.port, "https" if settings.tls else "http")
    claim = port_claim(settings.host, settings.port)
    labels = {f"models.{model.name}": f"{model.name}:{model.version}" for model in pins.models}
    models = [Address(place="store", kind="model", name=model.name) for model in pins.models]
    fields = _fields(deployment, pins, owner)
    return Desired(
        address=Address(place=place, kind="service", name=deployment.name),
        fields=fields,
        inputs={
            "models": tuple(_model(model) for model in pins.models),
            "code": {"source": pins.inference.source_directory, "files": content_files(pins.code)},
            "file": os.path.relpath(deployment.where.file, owner.root),
        },
        needs=(*models, environment_address(place, pins.inference.environment)),
        claims={claim: deployment.places.get("port", deployment.where)},
        labels={**labels, **key_labels(fields)},
        summary=f"{', '.join(labels.values())} at {answers}" if labels else answers,
        endpoint=answers,
        trust=trust_of(deployment),
        protect=deployment.protect,
        checks=deployment.checks,
        where=deployment.where,
    )


def _fields(deployment: Deployment, pins: Pins, owner: Owner) -> Fields:
    settings: ServiceSettings = deployment.settings
    fields: dict[str, Json] = {
        f"models.{model.name}": model.content.digest for model in pins.models
    }
    fields |= {
        "code": pins.code.digest,
        "entry_script": pins.inference.entry_script,
        "environment": pins.inference.environment.digest,
        "host": settings.host,
        "port": settings.port,
        **serving_fields(settings.serving),
        **tls_fields(settings.tls, deployment, owner),
        **_facing(deployment, settings),
        "server": mlops.__version__,
        "checks": checks_digest(written_checks(deployment.checks)),
        "process": "running",
        "description": deployment.description or None,
        "protect": deployment.protect or None,
    }
    if settings.auth is not None:
        fields |= key_fields(settings.auth.type, pins.generations)
    variables = pins.inference.environment_variables
    fields |= {f"environment_variables.{name}": field(value) for name, value in variables.items()}
    fields |= {f"tags.{name}": value for name, value in deployment.tags.items()}
    return {path: value for path, value in fields.items() if value is not None}


def _facing(deployment: Deployment, settings: ServiceSettings) -> Fields:
    collection, locked = settings.collect_model_data, settings.auth is not None
    unlocked = unlocked_routes(settings, locked=locked)
    if unlocked:
        raise SpecError(*(_unlocked(deployment, name) for name in unlocked))
    folder = beside(deployment, collection.folder) if collection else ""
    kept = collected_fields(collection, folder=folder)
    return facing_fields(settings, locked=locked) | kept


def check_steps(deployment: Deployment, pins: Pins) -> None:
    """Raise SpecError where lines of a Dockerfile shall be run for a process."""
    if pins.inference.steps:
        problem = Problem(
            summary=f"a process runs no `extra_dockerfile_steps`, as `{pins.inference.name}` has",
            where=deployment.places.get("inference", deployment.where),
            hint="use a target of kind `docker`, or an inference block without them",
        )
        raise SpecError(problem)


def _conda(packages: CondaPackages) -> Problem:
    return Problem(
        summary="a process has no conda packages",
        where=packages.where,
        hint="use a target of kind `docker`; or put it under `pip:`, with `==` before its version",
    )


def _unlocked(deployment: Deployment, name: str) -> Problem:
    return Problem(
        summary=f"`{name}` of `{deployment.name}` asks for a key, and the service has none",
        where=deployment.places.get(name, deployment.where),
        hint="write `auth: {type: key}` beside it, or `open` or `off`",
    )


def _model(model: PinnedModel) -> Fields:
    content = model.content
    return {"name": model.name, "digest": content.digest, "files": content_files(content)}

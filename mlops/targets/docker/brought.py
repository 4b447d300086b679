"""What a Docker target would make of a deployment that brings its image. Pure."""

import os

from mlops.brought import Brought
from mlops.images.login import told_login
from mlops.references import field
from mlops.settings import duration
from mlops.spec import Deployment, Json
from mlops.targets.docker.desire import At, resource_fields
from mlops.targets.docker.holes import DEFAULT
from mlops.targets.docker.live import words_of
from mlops.targets.docker.machine import answers_at, claim_of
from mlops.targets.docker.names import container_name
from mlops.targets.docker.settings import ServiceSettings
from mlops.targets.docker.shape import REFERENCE
from mlops.values import Address, Desired


def desired_brought(at: At, deployment: Deployment, image: Brought) -> Desired:
    """Return the container of a deployment that brings its image."""
    settings: ServiceSettings = deployment.settings
    answers = answers_at(settings.host, settings.port, at.machine, "http", image.score)
    claim = claim_of(settings.host, settings.port, at.machine)
    fields = _fields(deployment, image, at)
    return Desired(
        address=Address(place=at.place, kind="service", name=deployment.name),
        fields={path: value for path, value in fields.items() if value is not None},
        inputs={
            "file": os.path.relpath(deployment.where.file, at.owner.root),
            "registry": told_login(image.registry),
        },
        claims={claim: deployment.places.get("port", deployment.where)},
        labels=words_of(fields),
        summary=f"{image.reference} at {answers}",
        endpoint=answers,
        protect=deployment.protect,
        checks=deployment.checks,
        where=deployment.where,
    )


def _fields(deployment: Deployment, image: Brought, at: At) -> dict[str, Json]:
    settings: ServiceSettings = deployment.settings
    user, _, group = image.user.partition(":")
    return {
        REFERENCE: image.reference,
        "image.port": image.port,
        "image.ready": image.ready,
        "image.score": image.score,
        "image.start_timeout": duration(image.start_timeout),
        "image.user": f"{user}:{group or user}",
        "image.writable": image.writable,
        "host": settings.host,
        "port": settings.port,
        **resource_fields(settings.resources, deployment),
        "container": "running",
        "name": container_name(at.owner.project, deployment.name),
        "confinement": "full",
        "network": DEFAULT,
        "restart": "unless-stopped",
        "description": deployment.description or None,
        "protect": deployment.protect or None,
        **{
            f"environment_variables.{key}": text
            for key, text in image.environment_variables.items()
        },
        **{f"secrets.{key}": field(place) for key, place in image.secrets.items()},
        **{f"tags.{name}": value for name, value in deployment.tags.items()},
    }

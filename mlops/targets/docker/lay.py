"""Makes the files that are laid into the volume of a service: settings, keys, a certificate."""

import json
from collections.abc import Mapping
from typing import Any

from mlops.keys import key_generations
from mlops.protocols import Means
from mlops.references import place_of
from mlops.spec import SecretRef
from mlops.targets.docker import container
from mlops.targets.docker.desire import image_of
from mlops.targets.docker.laid import KEYS, SETTINGS, TLS, File, any_stamp, keys_stamp
from mlops.targets.docker.shape import shape
from mlops.values import Desired


def _settings(wanted: Desired, means: Means) -> File:
    """Return the settings of a service, with the secrets that its variables hold."""
    models = {
        model.name: means.registered(model.name, model.content.digest)
        for model in image_of(wanted).models
    }
    given = container.group(wanted.fields, "environment_variables")
    variables = {name: _value(value, means) for name, value in given.items()}
    return File(data=_json(container.settings(wanted, models, variables)), stamp=any_stamp())


def files_of(wanted: Desired, means: Means) -> dict[str, File]:
    """Return all that the volume of a service holds when its container starts."""
    if shape(wanted.fields).brought:
        return {
            name: File(data=_value(value, means).encode(), stamp=any_stamp())
            for name, value in container.group(wanted.fields, "secrets").items()
        }
    return {SETTINGS: _settings(wanted, means), **renewable(wanted, means)}


def renewable(wanted: Desired, means: Means) -> dict[str, File]:
    """Return what may change while a container runs: keys, and a certificate with its key."""
    return {**_keys(wanted, means), **_certificate(wanted, means)}


def _keys(wanted: Desired, means: Means) -> dict[str, File]:
    generations = key_generations(wanted.fields)
    if not generations:
        return {}
    keys = {slot: means.key(wanted.address, slot, number) for slot, number in generations.items()}
    return {KEYS: File(data=_json(keys), stamp=keys_stamp(**generations))}


def _certificate(wanted: Desired, means: Means) -> dict[str, File]:
    parts = [wanted.fields.get(path) for path in ("tls.certificate", "tls.key")]
    texts = [_value(part, means) for part in parts if part is not None]
    if not texts:
        return {}
    return {TLS: File(data="\n".join([*texts, ""]).encode(), stamp=any_stamp())}


def _value(value: Any, means: Means) -> str:
    """Return a value, read from where it lives if it is a secret."""
    place = place_of(value)
    return means.secret(SecretRef(secret=place)) if place else str(value)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"

"""The layers of an image, lowest first, and how it starts: what all builders put together."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mlops.artefacts import Content
from mlops.environments.built import built_wheels
from mlops.errors import Problem, StaleError, TargetError
from mlops.hashing import content as content_of
from mlops.images import paths
from mlops.images.conda import conda_draft
from mlops.images.environment import environment_draft
from mlops.images.genuine import INPUTS
from mlops.images.inputs import ImageInputs
from mlops.images.layers import Draft, Kind, Member
from mlops.images.resolution import Resolution
from mlops.images.server import server_draft
from mlops.plain import NOTHING
from mlops.protocols import Means

VARIABLES = {"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: S108  the container's own
"""What a user without a home on a root that cannot be written to needs."""


def drafting(inputs: ImageInputs, resolved: Resolution, means: Means) -> Iterator[Draft]:
    """Yield the layers upon a base: packages, server, code, models. Reads what is in the store.

    Conda packages, and a Python for the server, are among them where they are needed.
    """
    base = resolved.base.facts
    if resolved.conda:
        yield conda_draft(Kind.CONDA, resolved.conda, base.platform)
    found = partial(built_files, resolved.packages, means)
    yield environment_draft(resolved.packages, resolved.facts, found)
    if resolved.front:
        yield conda_draft(Kind.FRONT, resolved.front, base.platform)
    yield server_draft(resolved.server, resolved.front_facts)
    code = means.code_files(inputs.code, Path(inputs.source))
    yield _content(Kind.CODE, paths.CODE, inputs.code, code)
    contents = {model.content.digest: model.content for model in inputs.models}
    for content in sorted(contents.values(), key=lambda one: one.digest):
        files = means.model_files(content)
        yield _content(Kind.MODEL, paths.model_folder(content), content, files)


def built_files(lock: str, means: Means) -> Mapping[str, Path]:
    """Return where the wheels of a lock lie that were built from source. Raises TargetError."""
    wheels = list(built_wheels(lock))
    try:
        return means.code_files(content_of(wheels), Path(os.devnull)) if wheels else NOTHING
    except StaleError as error:
        raise TargetError(
            Problem(
                summary="the store lacks a wheel that was built from source: "
                + ", ".join(f"`{wheel.path}`" for wheel in wheels),
                hint="bring the store's `blobs` back, or ask for another version",
            )
        ) from error


def configure(base: Mapping[str, Any], inputs: ImageInputs) -> dict[str, Any]:
    """Return the `config` of an image from that of its base: how it starts, as whom."""
    kept = {key: value for key, value in base.items() if key in ("Env", "StopSignal")}
    variables = dict(str(line).partition("=")[::2] for line in base.get("Env") or ())
    path = variables.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    variables |= {**VARIABLES, **activated(inputs), "PATH": f"{found_first(inputs)}:{path}"}
    return {
        **kept,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "User": paths.USER,
        "WorkingDir": f"/{paths.CODE}",
        "Entrypoint": [
            *(paths.python(paths.SERVER), "-I", "-X", f"pycache_prefix=/{paths.BYTECODE}"),
            *(f"/{paths.SERVED}", f"/{paths.INSTANCE}"),
        ],
        "ExposedPorts": {f"{paths.PORT}/tcp": {}},
        "Labels": {**_labels(base), INPUTS: inputs.digest},
    }


def activated(inputs: ImageInputs) -> dict[str, str]:
    """Return what conda packages want to be told: scripts that would set more are not run."""
    return {"CONDA_PREFIX": f"/{paths.CONDA}"} if inputs.conda else {}


def found_first(inputs: ImageInputs) -> str:
    """Return the folders of programs that come before those of the base."""
    prefixes = (paths.ENVIRONMENT, paths.CONDA) if inputs.conda else (paths.ENVIRONMENT,)
    return ":".join(f"/{prefix}/bin" for prefix in prefixes)


def _labels(base: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of a base, without ours: it may have been made of a container's mark."""
    labels = base.get("Labels") or {}
    return {key: value for key, value in labels.items() if not key.startswith("mlops.")}


def _content(kind: Kind, prefix: str, content: Content, files: Mapping[str, Path]) -> Draft:
    members = tuple(
        Member(
            path=f"{prefix}/{entry.path}",
            size=files[entry.path].stat().st_size if entry.unsized else entry.size,
            digest=entry.digest,
            source=files[entry.path],
        )
        for entry in content.files
    )
    return Draft(kind=kind, prefix=prefix, members=members or (Member(path=prefix),))

"""TLS of a process service: where its certificate and key are. Pure; the files are never read."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mlops.errors import Problem, SpecError
from mlops.settings import Setting
from mlops.spec import Deployment, Json, SecretRef
from mlops.values import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The certificate that a service shows. Both files are read again when they are renewed."""

    certificate: Annotated[
        str,
        Setting("PEM file of the certificate and its chain, relative to the file, or absolute."),
    ]
    key: Annotated[
        str | SecretRef,
        Setting("PEM file of its private key: a path, or `{secret: file/PATH}`."),
    ]


def tls_fields(tls: Tls | None, deployment: Deployment, owner: Owner) -> dict[str, Json]:
    """Return the fields of TLS, with absolute paths. Raises SpecError for a key in no file."""
    if tls is None:
        return {"scheme": "http"}
    return {
        "scheme": "https",
        "tls.certificate": beside(deployment, tls.certificate),
        "tls.key": _key(tls.key, deployment, owner),
    }


def beside(deployment: Deployment, path: str) -> str:
    """Return a path that was written relative to the file of a deployment as an absolute one."""
    return os.path.normpath(Path(deployment.where.file).absolute().parent / path)


def _key(key: str | SecretRef, deployment: Deployment, owner: Owner) -> str:
    if isinstance(key, str):
        return beside(deployment, key)
    kind, _, path = key.secret.partition("/")
    if kind == "file":
        return os.path.normpath(Path(owner.files[0]).parent / path)
    raise SpecError(
        Problem(
            summary=f"the private key of `{deployment.name}` must be in a file",
            where=deployment.places.get("tls", deployment.where),
            hint="write its path, or `{secret: file/PATH}`: the server reads it when it is renewed",
        )
    )

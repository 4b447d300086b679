"""TLS of a process service: where its certificate and key are. Pure; the files are never read."""

import os
from pathlib import Path

from mlops.errors import Problem, SpecError
from mlops.facing import Tls, beside
from mlops.spec import Deployment, Json, SecretRef
from mlops.values import Owner


def tls_fields(tls: Tls | None, deployment: Deployment, owner: Owner) -> dict[str, Json]:
    """Return the fields of TLS, with absolute paths. Raises SpecError for a key in no file."""
    if tls is None:
        return {"scheme": "http"}
    return {
        "scheme": "https",
        "tls.certificate": beside(deployment, tls.certificate),
        "tls.key": _key(tls.key, deployment, owner),
    }


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

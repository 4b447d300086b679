"""TLS of a container: its files count as secrets, which are read and compared by apply. Pure."""

import os
from pathlib import Path

from mlops.facing import Tls, beside
from mlops.references import field
from mlops.spec import Deployment, Json, SecretRef
from mlops.values import Owner


def tls_fields(tls: Tls | None, deployment: Deployment, owner: Owner) -> dict[str, Json]:
    """Return the fields of TLS: where the certificate and its key lie."""
    if tls is None:
        return {"scheme": "http"}
    return {
        "scheme": "https",
        "tls.certificate": field(_secret(tls.certificate, deployment, owner)),
        "tls.key": field(_secret(tls.key, deployment, owner)),
    }


def _secret(place: str | SecretRef, deployment: Deployment, owner: Owner) -> SecretRef:
    """Return a place of secrets; a path becomes one beside the first file, as secrets have it."""
    if isinstance(place, SecretRef):
        return place
    if not Path(place).is_absolute():
        place = os.path.relpath(beside(deployment, place), Path(owner.files[0]).absolute().parent)
    return SecretRef(secret=f"file/{place}")

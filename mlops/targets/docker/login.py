"""Who we are for the registries of a target: what the file says, else what Docker's own says."""

from typing import Any

from mlops.clients.oci.login import Login, docker_login
from mlops.clients.oci.reference import reference
from mlops.protocols import Means
from mlops.spec import SecretRef


def login_of(settings: Any, base: Any, means: Means, host: str) -> Login | None:
    """Return who we are for a host. A login of the file goes to the host that it names alone.

    `base` is that of the base image, as plain JSON; None where the file says nothing of it.
    """
    written = settings.login
    if written is not None and reference(settings.repository).host == host:
        return Login(username=written.username, password=means.secret(written.password))
    if base is not None and base["address"] == host:
        password = SecretRef(secret=str(base["password"]["secret"]))
        return Login(username=str(base["username"]), password=means.secret(password))
    return docker_login(host)

"""Who we are for the registries of a target: what the file says, else what Docker's own says."""

from typing import Any

from mlops.clients.oci.login import Login, docker_login
from mlops.clients.oci.reference import reference
from mlops.protocols import Means


def login_of(settings: Any, means: Means, host: str) -> Login | None:
    """Return who we are for a host. The login of the file goes to its repository alone."""
    written = settings.login
    if written is not None and reference(settings.repository).host == host:
        return Login(username=written.username, password=means.secret(written.password))
    return docker_login(host)

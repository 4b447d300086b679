"""Who we are for the registries of a target: what the file says, else what Docker's own says."""

from typing import Any

from mlops.clients.oci.login import Login, docker_login
from mlops.clients.oci.reference import reference
from mlops.protocols import Means
from mlops.references import field
from mlops.spec import Fields, Inference, SecretRef


def login_of(settings: Any, base: Any, means: Means, host: str) -> Login | None:
    """Return who we are for a host. A login of the file goes to the host that it names alone.

    `base` is that of the base image, as plain JSON; None where the file says nothing of it.
    """
    written = getattr(settings, "login", None)
    if written is not None and reference(settings.repository).host == host:
        return Login(username=written.username, password=means.secret(written.password))
    if base is not None and base["address"] == host:
        password = SecretRef(secret=str(base["password"]["secret"]))
        return Login(username=str(base["username"]), password=means.secret(password))
    return docker_login(host)


def base_login(inference: Inference) -> Fields | None:
    """Return who asks for the base: the place of the password, never the password."""
    login = inference.base_registry
    if login is None:
        return None
    return {
        "address": login.address,
        "username": login.username,
        "password": field(login.password),
    }

"""Who we are for the registries of a target: what the file says, else what Docker's own says."""

from typing import Any

from mlops.clients.oci.login import Login, docker_login
from mlops.clients.oci.reference import reference
from mlops.protocols import Means
from mlops.references import field
from mlops.spec import Fields, RegistryLogin, SecretRef


def login_of(settings: Any, told: Any, means: Means, host: str) -> Login | None:
    """Return who we are for a host. A login of the file goes to the host that it names alone.

    `told` is that of the image to be pulled, as plain JSON; None where the file names none.
    """
    written = getattr(settings, "login", None)
    if written is not None and reference(settings.repository).host == host:
        return Login(username=written.username, password=means.secret(written.password))
    if told is not None and told["address"] == host:
        password = SecretRef(secret=str(told["password"]["secret"]))
        return Login(username=str(told["username"]), password=means.secret(password))
    return docker_login(host)


def told_login(login: RegistryLogin | None) -> Fields | None:
    """Return who asks for an image, as it travels: the place of the password, never it itself."""
    if login is None:
        return None
    return {
        "address": login.address,
        "username": login.username,
        "password": field(login.password),
    }

"""`keyvault/VAULT/NAME[/VERSION]`: a secret in an Azure Key Vault.

The SDK is imported when the first secret is read. VAULT is a name, or a host name in another cloud.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlops.errors import Problem, TargetError
from mlops.secrets.places import Secret

CLOUD = "vault.azure.net"
"""Where a vault answers that is called by its name alone."""


class KeyVaultSecrets:
    """The vaults that this machine's Azure identity may read."""

    def __init__(self, folder: Path, connect: Callable[[str], Any] | None = None) -> None:
        """Make the place; a vault is in no folder. `connect` makes the client of an address."""
        self._connect = connect or _client
        self._folder = folder
        self._clients: dict[str, Any] = {}

    def read(self, path: str) -> Secret:
        """Return a secret with the version it has in the vault. Raises TargetError."""
        vault, _, rest = path.partition("/")
        name, _, version = rest.partition("/")
        host = vault if "." in vault else f"{vault}.{CLOUD}"
        client = self._clients.get(host) or self._connect(f"https://{host}")
        self._clients[host] = client
        found = _asked(client, path, name, version or None)
        return Secret(value=str(found.value), version=str(found.properties.version))


def _client(address: str) -> Any:
    """Return a client that uses whatever Azure identity this machine has."""
    try:
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415  400 ms, an extra
        from azure.keyvault.secrets import SecretClient  # noqa: PLC0415  as above
    except ImportError as error:
        raise TargetError(
            Problem(
                summary="reading an Azure Key Vault needs packages that are not installed",
                hint="run `pip install 'mlops-apply[azure]'`",
            )
        ) from error
    return SecretClient(vault_url=address, credential=DefaultAzureCredential())


def _asked(client: Any, path: str, name: str, version: str | None) -> Any:
    """Ask a vault. What it refuses is told with the id of the request, never with a value."""
    from azure.core.exceptions import (  # noqa: PLC0415  an extra
        AzureError,
        ClientAuthenticationError,
        ResourceNotFoundError,
    )

    try:
        return client.get_secret(name, version)
    except ResourceNotFoundError as error:
        because, hint = "there is no such secret", "correct the name, or make it in the vault"
        raise _refused(path, because, hint, error) from error
    except ClientAuthenticationError as error:
        hint = "log in with `az login`, or give this machine an identity that may read it"
        raise _refused(path, "Azure knows nobody here who may read it", hint, error) from error
    except AzureError as error:
        because = str(getattr(error, "reason", None) or type(error).__name__)
        hint = "see that the vault is reachable, and that you may `get` its secrets"
        raise _refused(path, because, hint, error) from error


def _refused(path: str, because: str, hint: str, error: Any) -> TargetError:
    response = getattr(error, "response", None)
    request = response.headers.get("x-ms-request-id") if response is not None else None
    told = f" (request {request})" if request else ""
    summary = f"the secret `keyvault/{path}` cannot be read: {because}{told}"
    return TargetError(Problem(summary=summary, hint=hint))

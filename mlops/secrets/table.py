"""The places where secrets may live."""

from collections.abc import Mapping

from mlops.secrets.env import EnvSecrets
from mlops.secrets.file import FileSecrets
from mlops.secrets.keyvault import KeyVaultSecrets
from mlops.secrets.places import SecretPlace

SECRETS: Mapping[str, type[SecretPlace]] = {
    "env": EnvSecrets,
    "file": FileSecrets,
    "keyvault": KeyVaultSecrets,
}

"""`env/NAME`: a secret in an environment variable of the run."""

import os
from pathlib import Path

from mlops.errors import Problem, TargetError
from mlops.secrets.places import Secret


class EnvSecrets:
    """The environment variables of this process."""

    def __init__(self, folder: Path) -> None:
        """Make the place; a variable is in no folder."""

    def read(self, path: str) -> Secret:
        """Return the value of the variable `path`. Raises TargetError if it is unset or empty."""
        value = os.environ.get(path, "")
        if value:
            return Secret(value=value)
        raise TargetError(
            Problem(
                summary=f"the secret `env/{path}` is not there: the variable is not set",
                hint=f"set `{path}` for this command, as CI does from its own secrets",
            )
        )

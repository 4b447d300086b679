"""`file/PATH`: a secret in a file, as container platforms and secret managers mount them."""

from pathlib import Path

from mlops.errors import Problem, TargetError
from mlops.secrets.places import Secret

LIMIT = 64 * 1024
"""Bytes of the longest secret."""


class FileSecrets:
    """Files of this machine. `file//run/secrets/x` is absolute, `file/x` beside the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> Secret:
        """Return what a file holds, without the line break at its end. Raises TargetError."""
        try:
            with (self._folder / path).open("rb") as file:
                data = file.read(LIMIT + 1)
            text = data.decode()
        except (OSError, ValueError) as error:
            because = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise _missing(path, because[:1].lower() + because[1:]) from None
        value = text.removesuffix("\n").removesuffix("\r")
        if not value or len(data) > LIMIT:
            raise _missing(path, "it is longer than 64 KiB" if value else "it is empty")
        return Secret(value=value)


def _missing(path: str, because: str) -> TargetError:
    return TargetError(
        Problem(
            summary=f"the secret `file/{path}` cannot be read: {because}",
            hint="make the file, readable for the user who runs this alone",
        )
    )

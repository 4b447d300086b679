"""Environment variables that hold secrets: in a file that nobody else may read."""

import json
from collections.abc import Mapping
from pathlib import Path

from .keys import FOREIGN
from .limits import UnfitError


def secret_variables(path: Path) -> Mapping[str, str]:
    """Read `{"values": {NAME: value}}`. Refuses a file that others could read."""
    try:
        mode = path.stat().st_mode
        values = json.loads(path.read_bytes())["values"]
        found = {str(name): str(value) for name, value in values.items()}
    except OSError as error:
        raise UnfitError(f"the secrets in `{path}` cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnfitError(f"the secrets in `{path}` are not as they were written") from None
    if mode & FOREIGN:
        raise UnfitError(f"the secrets in `{path}` are open to others: its mode must be 0600")
    return found

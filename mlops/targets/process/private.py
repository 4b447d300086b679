"""The files of an instance folder that its user alone may read, mode 0600.

secrets/<digest>.json            the variables that hold secrets, named by what is in it
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlops.plain import thaw
from mlops.protocols import Means
from mlops.references import secrets_of
from mlops.spec import Fields
from mlops.targets.process import world
from mlops.writing import write_whole

OTHERS = 0o077
"""Bits of a file's mode that let others read or write it."""

FOLDER = "secrets"


def write_private(path: Path, data: bytes, allowed: Callable[[], None]) -> None:
    """Write a file whole, for its user alone, if `allowed` does not raise."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, data, allowed, mode=0o600)


def laid_secrets(folder: Path, variables: Fields, means: Means) -> dict[str, Any]:
    """Lay the variables that hold secrets into a file; return what the settings say of it.

    Where the same values are laid already, nothing is read and nothing written.
    """
    places = secrets_of(variables)
    if not places:
        return {}
    references = {name: thaw(variables[name]) for name in places}
    told = world.read_json(folder / "settings.json").get("secret_variables")
    if isinstance(told, dict) and told.get("references") == references and whole(folder, told):
        return {"secret_variables": told}
    values = {name: means.secret(ref) for name, ref in places.items()}
    data = json.dumps({"salt": secrets.token_hex(16), "values": values}).encode()
    file = f"{FOLDER}/{_name(data)}"
    write_private(folder / file, data, means.lease.check)
    return {"secret_variables": {"file": file, "references": references}}


def whole(folder: Path, told: Mapping[str, Any]) -> bool:
    """Tell whether the file of secrets is as it was written, and closed to others.

    A file that this user may not read counts as whole: nobody can say otherwise.
    """
    path = folder / FOLDER / Path(str(told.get("file"))).name
    try:
        mode = path.stat().st_mode
        return not mode & OTHERS and path.name == _name(path.read_bytes())
    except PermissionError:
        return True
    except OSError:
        return False


def _name(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()[:12]}.json"

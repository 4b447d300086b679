"""The files of an instance folder that its user alone may read, mode 0600.

secrets/<digest>.json            the variables that hold secrets, named by what is in it
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlops.errors import MlopsError
from mlops.plain import thaw
from mlops.protocols import Means
from mlops.references import secrets_of
from mlops.spec import Fields
from mlops.targets.process import world

OTHERS = 0o077
"""Bits of a file's mode that let others read or write it."""

FOLDER = "secrets"


def write_private(path: Path, data: bytes, allowed: Callable[[], None]) -> None:
    """Write a file for its user alone, so that a reader sees the old or the new one.

    `allowed` raises if it may no longer be written; it is asked at the last moment.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    try:
        allowed()
    except MlopsError:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)


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

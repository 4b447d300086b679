"""Finds the Pythons of this machine: the one that runs this, pyenv's, and those that uv knows."""

import json
import os
import sys
from pathlib import Path

from mlops.environments import uv as program
from mlops.environments.versions import OLDEST, numbers, running_version
from mlops.errors import TargetError


def find_python(version: str) -> Path | None:
    """Return an interpreter for a version like `3.11`, none of which is a virtual environment."""
    if version == running_version():
        return _running()
    found = _pyenv().get(version)
    if found:
        return found
    try:
        output = program.run(["python", "find", "--no-project", "--system", version])
    except TargetError:
        return None
    return Path(output.strip()) if output.strip() else None


def python_versions() -> tuple[str, ...]:
    """Return the versions that `find_python` finds, like `3.9`, `3.11`, oldest first."""
    try:
        listed = json.loads(
            program.run(["python", "list", "--only-installed", "--output-format", "json"])
        )
    except (TargetError, ValueError):
        listed = []
    known = {
        (entry["version_parts"]["major"], entry["version_parts"]["minor"])
        for entry in listed
        if entry["implementation"] == "cpython"
    }
    found = known | {numbers(version) for version in (running_version(), *_pyenv())}
    return tuple(f"{major}.{minor}" for major, minor in sorted(found) if (major, minor) >= OLDEST)


def _running() -> Path:
    """Return the interpreter that the running one, which may be a venv's, was made from."""
    base = Path(sys.base_prefix) / "bin" / f"python{running_version()}"
    return base if base.exists() else Path(sys.executable)


def _pyenv() -> dict[str, Path]:
    """Return pyenv's interpreters by version, the newest patch of each."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found: dict[tuple[int, ...], Path] = {}
    for interpreter in root.glob("versions/*/bin/python"):
        parts = interpreter.parent.parent.name.split(".")
        # Other names are virtual environments, release candidates and other implementations.
        if len(parts) == 3 and all(part.isdigit() for part in parts):
            found[tuple(int(part) for part in parts)] = interpreter
    return {f"{key[0]}.{key[1]}": path for key, path in sorted(found.items())}

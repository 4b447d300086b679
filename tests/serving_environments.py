"""Environments for the services of the tests: made once by uv, found again by what is in them."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCHEMA = ("inference-schema[numpy-support,pandas-support]", "setuptools<80")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlops-tests"


def environment(*packages: str, python: str | Path = sys.executable, warm: str = "") -> Path:
    """Return the interpreter of an environment with these packages; skip where none can be made.

    `warm` is a program that imports them: workers write no bytecode, so it must be there.
    """
    uv = pytest.importorskip("uv").find_uv_bin()
    words = "\n".join([str(python), *packages, warm])
    folder = CACHE / hashlib.sha256(words.encode()).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            making = [uv, "venv", "--quiet", "--clear", "--python", str(python), str(folder)]
            subprocess.run(making, check=True)
            found = folder / "bin" / "python"
            install = [uv, "pip", "install", "--quiet", "--python", str(found), *packages]
            done = subprocess.run(install, check=False, capture_output=True, text=True)
            assert "No solution found" not in done.stderr, done.stderr
            if done.returncode != 0:
                pytest.skip("no package index within reach")
            cached = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
            subprocess.run([str(found), "-c", warm, str(folder)], check=True, env=cached)
            (folder / "done").touch()
    return folder / "bin" / "python"


def with_schema() -> Path:
    """Return an interpreter with `inference-schema`, numpy and pandas."""
    names = ("numpy", "pandas", "standard_py")
    modules = [f"inference_schema.parameter_types.{name}_parameter_type" for name in names]
    return environment(*SCHEMA, warm="import " + ", ".join(modules))


def interpreter(version: str) -> Path:
    """Return an interpreter of another version; skip where it is not here."""
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if not found:
        pytest.skip(f"Python {version} is not here")
    return found[-1]

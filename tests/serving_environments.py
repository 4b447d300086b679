"""Environments for the services of the tests: made once by uv, found again by what is in them."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCHEMA = ("inference-schema[numpy-support,pandas-support]", "setuptools<80")
LEARNING = (*SCHEMA, "scikit-learn", "joblib", "onnx", "onnxruntime")
"""What the tests of v1's scripts and notebooks serve with."""

RUNNING = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The interpreter behind whatever environment the tests run in."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlops-tests"


def environment(*packages: str, python: Path = RUNNING, warm: str = "") -> Path:
    """Return the interpreter of an environment with these packages; skip where none can be made.

    `warm` is a program that imports them: workers write no bytecode, so it must be there. It is
    given the folder, and may leave files there; it runs once.
    """
    folder = CACHE / _digest(str(python), *packages)
    found = folder / "bin" / "python"
    warmed = folder / f"warmed-{_digest(warm)}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _install(folder, packages, python)
            (folder / "done").touch()
        if not warmed.exists():
            cached = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
            subprocess.run([str(found), "-c", warm, str(folder)], check=True, env=cached)
            warmed.touch()
    return found


def _digest(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def _install(folder: Path, packages: tuple[str, ...], python: Path) -> None:
    uv = pytest.importorskip("uv").find_uv_bin()
    making = [uv, "venv", "--quiet", "--clear", "--python", str(python), str(folder)]
    subprocess.run(making, check=True)
    place = ["--python", str(folder / "bin" / "python")]
    install = [uv, "pip", "install", "--quiet", *place, *packages]
    done = subprocess.run(install, check=False, capture_output=True, text=True)
    assert "No solution found" not in done.stderr, done.stderr
    if done.returncode != 0:
        pytest.skip("no package index within reach")


def with_schema() -> Path:
    """Return an interpreter with `inference-schema`, numpy and pandas."""
    names = ("numpy", "pandas", "standard_py")
    modules = [f"parameter_types.{name}_parameter_type" for name in names]
    modules = [f"inference_schema.{name}" for name in ("schema_decorators", *modules)]
    return environment(*SCHEMA, warm="import " + ", ".join(modules))


def interpreter(version: str) -> Path:
    """Return an interpreter of another version; skip where it is not here."""
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if not found:
        pytest.skip(f"Python {version} is not here")
    return found[-1]

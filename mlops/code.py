"""The code of a service: which files of a source directory are content."""

from pathlib import Path

from mlops.hashing import HashCache, content_of
from mlops.values import Content

NOT_CODE = ("__pycache__", ".git", ".mlops", ".venv", ".ipynb_checkpoints", ".pytest_cache")
"""Names of files and folders that a source directory may hold and no service needs."""


def code_of(directory: Path, cache: HashCache) -> Content:
    """Return the content of a source directory, without what no service needs."""
    return content_of(directory, cache=cache, skip=not_code)


def not_code(path: str) -> bool:
    """Tell whether a path within a source directory is left out of a service."""
    return path.endswith(".pyc") or any(part in NOT_CODE for part in path.split("/"))

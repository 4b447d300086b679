"""Refuses packages whose lists of files lead out of them: `rattler` would follow.

A link in a package to a folder of this machine, and a path through it, would bring files of this
machine into an image.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops.errors import Problem, TargetError

META = "conda-meta"
"""Where what is installed is written down, a file each."""


def check_inside(folder: Path) -> None:
    """Raise TargetError if a package that was laid out in `folder` holds more than its own."""
    problems: list[Problem] = []
    for record in sorted((folder / META).glob("*.json")):
        told = json.loads(record.read_bytes())
        home = Path(told["extracted_package_dir"])
        problems += (
            Problem(
                summary=f"the conda package `{told['name']}={told['version']}` names `{path}`,"
                " which is outside of it",
                hint="do not use that package, and tell the owner of its channel",
            )
            for path in _strays(home)
        )
    if problems:
        raise TargetError(*problems)


def _strays(home: Path) -> Iterator[Path]:
    """Yield each path of a package's list that is not within the package."""
    import rattler  # noqa: PLC0415 - an extra, and slow to import

    whole = home.resolve()
    known: dict[Path, bool] = {}
    for entry in rattler.PathsJson.from_package_directory_with_deprecated_fallback(home).paths:
        path = Path(entry.relative_path)
        parent = path.parent
        if parent not in known:
            known[parent] = (whole / parent).resolve().is_relative_to(whole)
        if path.is_absolute() or ".." in path.parts or not known[parent] or _followed(home, entry):
            yield path


def _followed(home: Path, entry: Any) -> bool:
    """Tell whether a link would be read as if it were the file that it leads to."""
    return not entry.path_type.softlink and (home / entry.relative_path).is_symlink()

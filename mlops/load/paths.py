"""Finds the files and folders that entries name; none may leave the checkout, however linked."""

import os
from pathlib import Path

from mlops.clients.text import display
from mlops.clients.yaml import Steps
from mlops.errors import Problem
from mlops.load.inside import PathError, within
from mlops.load.merge import Merged
from mlops.load.suggest import nearest

FILE = "file"
FOLDER = "folder"
EITHER = "file or folder"
MADE = ".mlops"
"""Keys lie in it, and lines of a broken file are shown."""


def locate(
    merged: Merged, place: Steps, text: object, base: Path | None, kind: str
) -> tuple[Path | None, list[Problem]]:
    """Return what `text`, written at `place`, names below `base`, or the problem with it."""
    if not isinstance(text, str) or base is None:
        return None, []
    try:
        return find(text, base, merged.file(place).root, kind), []
    except PathError as error:
        where = merged.value(place)
        return None, [Problem(summary=error.summary, where=where, hint=error.hint)]


def find(text: str, base: Path, root: Path, kind: str) -> Path:
    """Return the file or folder `text` below `base`, without symlinks. Raises PathError."""
    whole = within(text, base, root)
    if MADE in whole.relative_to(root).parts:
        raise PathError(f"`{text}` is what this tool made", "name a file of your own")
    if not whole.exists():
        raise _missing(text, base, kind)
    if kind == FILE and whole.is_dir():
        raise PathError(f"`{text}` is a folder, not a file", "name a file in it")
    if kind == FOLDER and not whole.is_dir():
        raise PathError(f"`{text}` is a file, not a folder", "name the folder that holds it")
    if not (whole.is_dir() or whole.is_file()):
        raise PathError(f"`{text}` is neither file nor folder", "name a plain file")
    return whole


def _missing(text: str, base: Path, kind: str) -> PathError:
    noun = FILE if kind == EITHER else kind
    summary = f"there is no {noun} `{text}`"
    parent, name = base / text, ""
    while not parent.is_dir() and parent != parent.parent:
        parent, name = parent.parent, parent.name
    names = [item.name for item in parent.iterdir() if not item.name.startswith(".")]
    near = nearest(name, names)
    if near:
        return PathError(summary, f"did you mean `{os.path.relpath(parent / near, base)}`?")
    where = display(parent) if parent != Path.cwd() else "."
    return PathError(summary, f"make it, or correct the path; `{name}` is looked for in `{where}`")

"""Finds the files that a command line names, and reads each; a broken one hides no other."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from mlops.clients import yaml
from mlops.clients.text import display, text_source
from mlops.errors import Problem
from mlops.load.inside import PathError, within

_NAMES = ("mlops.yaml", "mlops.yml")
_VERSION = re.compile(r"^version[ \t]*:", re.MULTILINE)


class File(Struct, frozen=True, kw_only=True):
    """A file that was read. `folder` is its own, `root` its checkout; both without symlinks."""

    path: Path
    folder: Path
    root: Path
    document: yaml.Document


def read_files(paths: Sequence[Path]) -> tuple[list[File], list[Problem]]:
    """Return every file that `paths` name, files and folders, each once, and what is wrong."""
    found: dict[Path, File] = {}
    problems: list[Problem] = []
    if not paths:
        problems.append(Problem(summary="no file is named", hint="name one with `-f mlops.yaml`"))
    for path in paths:
        whole = Path.cwd() / path
        files = list(_in_folder(whole)) if whole.is_dir() else [_file(whole)]
        if not files:
            hint = "write a `mlops.yaml` there (`mlops init` makes one), or name another folder"
            summary = f"the folder `{display(path)}` holds no `mlops.yaml`"
            problems.append(Problem(summary=summary, hint=hint))
        for file in files:
            found.setdefault(file.path.resolve(), file)
    for file in found.values():
        problems += file.document.problems
    return list(found.values()), problems


def checkout(folder: Path) -> Path:
    """Return the nearest folder, upwards, that holds `.git`; without one, the folder itself."""
    parents = (folder, *folder.parents)
    return next((parent for parent in parents if (parent / ".git").exists()), folder)


def _in_folder(folder: Path) -> Iterable[File]:
    named = [folder / name for name in _NAMES if (folder / name).is_file()]
    if named:
        yield from map(_file, named)
        return
    for path in sorted(folder.iterdir()):
        if path.suffix in {".yaml", ".yml"} and path.is_file():
            file = _file(path)
            if _is_ours(file):
                yield file


def _is_ours(file: File) -> bool:
    """Tell whether a file of a folder is meant for us: others may lie beside it."""
    data = file.document.data
    if isinstance(data, dict):
        return "version" in data
    return not file.document.whole and bool(_VERSION.search(file.document.source.text))


def _file(path: Path) -> File:
    folder = path.parent.resolve()
    written = Path(os.path.normpath(path))
    root = checkout(written.parent)
    try:
        within(str(written.relative_to(root)), root.resolve(), root.resolve())
    except PathError as error:
        problem = Problem(summary=error.summary, hint=error.hint)
        document = yaml.unread(text_source(display(path), ""), problem)
        return File(path=path, folder=folder, root=checkout(folder), document=document)
    return File(path=path, folder=folder, root=checkout(folder), document=yaml.read(path))

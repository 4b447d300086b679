"""The code of a service: which files of a source directory are content.

`.amlignore` (or without one `.gitignore`) and `.dockerignore` of that directory are respected.
"""

from collections.abc import Callable
from pathlib import Path
from posixpath import normpath
from typing import Protocol

from mlops.artefacts import Content
from mlops.bounds import Bounds
from mlops.clients.text import display, read_source
from mlops.errors import Problem, SpecError
from mlops.hashing import HashCache, content_of

IGNORING = (".amlignore", ".dockerignore", ".gitignore")
"""Files that say what is left out; no service needs them either."""

NOT_CODE = (
    *("__pycache__", ".git", ".mlops", ".venv", ".ipynb_checkpoints", ".pytest_cache"),
    *IGNORING,
)
"""Names of files and folders that a source directory may hold and no service needs."""


class Rules(Protocol):
    """What an ignore file says."""

    def match_file(self, file: str) -> bool:
        """Tell whether a path within the directory is ignored."""


def code_of(directory: Path, cache: HashCache, bounds: Bounds = Bounds()) -> Content:  # noqa: B008  it is frozen
    """Return the content of a source directory, without what no service needs."""
    return content_of(directory, cache=cache, skip=left_out(directory), bounds=bounds)


def not_code(path: str) -> bool:
    """Tell whether a path within a source directory is left out of every service."""
    return path.endswith(".pyc") or any(part in NOT_CODE for part in path.split("/"))


def left_out(directory: Path) -> Callable[[str], bool]:
    """Return what tells whether a path within a source directory is left out of its service."""
    own, git, other = (directory / f".{name}ignore" for name in ("aml", "git", "docker"))
    written = own if own.is_file() else git
    lines, docker = _lines(written), [_of_docker(line) for line in _lines(other)]
    if not lines and not docker:
        return not_code
    ignored, kept_out = _rules(lines, written), _rules(docker, other)
    excepted = any(line.startswith("!") for line in docker)

    def skip(path: str) -> bool:
        if not_code(path):
            return True
        folder = (directory / path).is_dir()
        if ignored.match_file(f"{path}/" if folder else path):
            return True
        # Docker takes back what is below a folder that it leaves out, Git does not.
        return not (folder and excepted) and kept_out.match_file(path)

    return skip


def _rules(lines: list[str], file: Path) -> Rules:
    import pathspec  # noqa: PLC0415  most source directories ignore nothing

    try:
        rules: Rules = pathspec.GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        summary = f"`{display(file)}` holds a line that is no pattern: {error}"
        raise SpecError(Problem(summary=summary, hint="correct or remove the line")) from error
    return rules


def _lines(file: Path) -> list[str]:
    return list(read_source(file).lines) if file.is_file() else []


def _of_docker(line: str) -> str:
    """Return a line of `.dockerignore`, whose paths begin at the directory, as Git writes it."""
    text = line.strip()
    if not text or text.startswith("#"):
        return ""
    mark = "!" if text.startswith("!") else ""
    path = normpath(text.removeprefix("!").strip()).strip("/")
    return f"{mark}/{path}"

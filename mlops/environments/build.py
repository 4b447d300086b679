"""Builds an environment from a locked list, by `uv`, beside its final place, then moves it there.

A folder is whole or it is not there: a killed build leaves only a folder that the next one wipes.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

from mlops.environments import uv as program
from mlops.environments.pythons import find_python, python_versions
from mlops.errors import Problem, TargetError
from mlops.spec import Environment
from mlops.values import Progress

_MARKER = "environment.json"
_TOLD = ("Downloading ", "Prepared ", "Installed ")


def installed(folder: Path) -> str:
    """Return the digest of the environment in `folder`.

    Empty unless it is whole and its Python is still on this machine.
    """
    try:
        marker = json.loads((folder / _MARKER).read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    digest = marker.get("digest") if isinstance(marker, dict) else None
    return digest if isinstance(digest, str) and interpreter(folder).exists() else ""


def interpreter(folder: Path) -> Path:
    """Return the path of the Python of the environment in `folder`."""
    return folder / "bin" / "python"


def build(
    lock: Path, environment: Environment, folder: Path, allowed: Callable[[], None] = lambda: None
) -> Iterator[Progress]:
    """Build the environment of `lock` in `folder`, unless it is there. Closing it kills uv.

    Asks no index when the lock is empty. `allowed` raises if nothing may be changed any more; it
    is asked before each step. Raises TargetError.
    """
    if installed(folder) == environment.digest:
        return
    python = find_python(environment.python)
    if python is None:
        raise TargetError(_missing(environment.python))
    allowed()
    folder.parent.mkdir(parents=True, exist_ok=True)
    # An uv that outlived its killed parent may still write to what it began: so a new name.
    for leftover in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with closing(_fill(made, python, lock.absolute())) as steps:
            for step in steps:
                allowed()
                yield step
        _mark(made, environment)
        allowed()
        _move(made, folder, environment.digest)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _fill(made: Path, python: Path, lock: Path) -> Generator[Progress, None, None]:
    yield Progress(text=f"Making an environment of {python}")
    program.run(
        [
            *("venv", "--quiet", "--no-project", "--relocatable", "--allow-existing"),
            *("--python", str(python), str(made)),
        ]
    )
    if not any("==" in line or "@" in line for line in lock.read_text("utf-8").splitlines()):
        return
    words = [
        *("pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--python", str(interpreter(made)), "--requirements", str(lock)),
    ]
    for stream, line in program.lines(words):
        if stream == "stderr" and line.startswith(_TOLD):
            yield Progress(text=line.strip())
    yield Progress(text="Compiling bytecode")
    _compile(made)


def _compile(made: Path) -> None:
    """Compile what may be imported: `uv --compile-bytecode` takes tests too, twice the time.

    `-S` keeps the `.pth` files of packages from running. The exit code also tells of files
    that no Python of this version can read, which packages do ship.
    """
    words = [
        *(str(interpreter(made)), "-I", "-S", "-m", "compileall", "-q", "-q", "-j", "0"),
        *("-x", "/tests/", "lib"),
    ]
    child = subprocess.Popen(
        words,
        cwd=made,  # the pattern shall not meet the names of the folders above
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=program.clean(os.environ),
        start_new_session=True,
    )
    try:
        child.wait()
    finally:
        program.end(child)


def _mark(made: Path, environment: Environment) -> None:
    marker = {"digest": environment.digest, "python": environment.python}
    (made / _MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")


def _move(made: Path, folder: Path, digest: str) -> None:
    if installed(folder) != digest:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        made.chmod(0o755)  # mkdtemp makes a folder that its owner alone may enter
        made.rename(folder)
    except OSError as error:
        # Somebody else who built the same environment may have been faster.
        if installed(folder) != digest:
            raise TargetError(
                Problem(
                    summary=f"cannot put the environment into `{folder}`: {error.strerror}",
                    hint="remove the folder, then run the command again",
                )
            ) from error


def _missing(python: str) -> Problem:
    found = ", ".join(python_versions())
    return Problem(
        summary=f"there is no Python `{python}` on this machine",
        hint=f"install it, or set `python` to one of {found}",
    )

"""Resolves the packages of an environment into a locked list with hashes, by `uv pip compile`.

Wheels only, so nothing of any package is run. The list fits one platform.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mlops.environments import uv as program
from mlops.environments.conda.brought import Brought, write_wheels
from mlops.environments.pythons import find_python
from mlops.spec import Environment


def compile_lock(
    environment: Environment,
    *,
    platform: str = "",
    there: Sequence[Brought] = (),
    uv: Path | None = None,
) -> str:
    """Return the text of the locked list: every package, its version and its hashes.

    `platform` is what uv calls the one that it shall fit; this machine's if empty. What is
    `there` already stays as it is, and is not listed. Without requirements nothing is asked of
    any index. Raises TargetError when the packages do not fit together, have no wheel, or no
    index answers.
    """
    header = f"# locked for Python {environment.python}\n"
    if not environment.requirements:
        return header
    with tempfile.TemporaryDirectory(prefix="mlops-lock-") as folder:
        wanted = Path(folder) / "requirements.in"
        wanted.write_text("\n".join(environment.requirements) + "\n", encoding="utf-8")
        words = _words(environment.python, platform, wanted)
        return header + program.run([*words, *_there(there, Path(folder))], uv=uv)


def interpreter_for(python: str) -> Path:
    """Return an interpreter that uv may ask: one of this version, or else any."""
    return find_python(python) or Path(sys.executable)


def _words(python: str, platform: str, wanted: Path) -> list[str]:
    return [
        *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes"),
        *("--only-binary", ":all:", "--python-version", python),
        *("--python", str(interpreter_for(python))),
        *(("--python-platform", platform) if platform else ()),
        str(wanted),
    ]


def _there(packages: Sequence[Brought], folder: Path) -> list[str]:
    """Return what tells uv of packages that need no installing, which may be on no index."""
    if not packages:
        return []
    write_wheels(packages, folder / "there")
    limits = folder / "there.txt"
    limits.write_text("".join(f"{one.name}=={one.version}\n" for one in packages), "utf-8")
    silent = [word for one in packages for word in ("--no-emit-package", one.name)]
    return ["--constraints", str(limits), "--find-links", str(folder / "there"), *silent]

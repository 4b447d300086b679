"""Resolves the packages of an environment into a locked list with hashes, by `uv pip compile`.

Wheels only, so nothing of any package is run. The list fits this machine's platform.
"""

import sys
import tempfile
from pathlib import Path

from mlops.environments import uv as program
from mlops.environments.pythons import find_python
from mlops.spec import Environment


def compile_lock(environment: Environment, *, uv: Path | None = None) -> str:
    """Return the text of the locked list: every package, its version and its hashes.

    Without requirements nothing is asked of any index. Raises TargetError when the packages do
    not fit together, have no wheel, or no index answers.
    """
    header = f"# locked for Python {environment.python}\n"
    if not environment.requirements:
        return header
    with tempfile.TemporaryDirectory(prefix="mlops-lock-") as folder:
        wanted = Path(folder) / "requirements.in"
        wanted.write_text("\n".join(environment.requirements) + "\n", encoding="utf-8")
        return header + program.run(_words(environment.python, wanted), uv=uv)


def _words(python: str, wanted: Path) -> list[str]:
    interpreter = find_python(python) or Path(sys.executable)
    return [
        *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes"),
        *("--only-binary", ":all:", "--python-version", python, "--python", str(interpreter)),
        str(wanted),
    ]

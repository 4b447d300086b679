"""The walls of the house: who imports whom, how large a file may grow, what start-up loads."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mlops"
FILES = sorted(PACKAGE.rglob("*.py"))

HEAVY = {"azure", "deepdiff", "docker", "git", "jsonschema", "kubernetes", "obstore", "rich"}
"""What the help of the command line must not load."""


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]

    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["mlops.cli", "mlops.cli.validate"])
def test_importing_a_command_loads_no_sdk(module: str) -> None:
    words = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"

    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True
    )

    assert set() == HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_keeps_the_ceilings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    over = [
        f"{name}: {size} over {limit}" for name, size, limit in sizes(text) if size > limit
    ]

    assert over == []


def sizes(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield what is measured of a file: its name, its size, its ceiling."""
    yield "lines of the file", text.count("\n"), 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"lines of {node.name}()", (node.end_lineno or 0) - node.lineno + 1, 40
        if isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            yield f"methods of {node.name}", len(methods), 12


def test_every_module_opens_with_a_sentence() -> None:
    bare = [path.name for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))]

    assert bare == []

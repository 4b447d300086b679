"""The walls of the house: who imports whom, how large a file may grow, what start-up loads."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mlops"
FILES = sorted(PACKAGE.rglob("*.py"))
OURS = [path for path in FILES if "starter" not in path.parts]

HEAVY = {
    *("azure", "deepdiff", "docker", "git", "jsonschema", "kubernetes", "obstore", "packaging"),
    *("psutil", "rattler", "rich", "tenacity", "urllib3", "uv", "uvicorn", "yaml"),
}
"""What the help of the command line must not load."""

HOMES: Mapping[str, set[str]] = {
    "azure": {"secrets/keyvault.py", "serving/side/traces.py"},
    "cel": {"cel.py"},
    "click": {"cli", "views/paper.py"},
    "deepdiff": {"differences.py"},
    "docker": {"clients/docker"},
    "grandalf": {"views/drawing.py"},
    "git": {"lineage.py", "load/variables.py"},
    "httptools": {"serving/front"},
    "jinja2": {"views/site"},
    "jsonschema": {"load/check.py"},
    "msgspec": {path.name for path in PACKAGE.iterdir()} - {"serving"},
    "obstore": {"store", "serving/side/upload.py"},
    "opentelemetry": {"serving/side/traces.py"},
    "pathspec": {"code.py"},
    "packaging": {"environments"},
    "psutil": {"clients/listeners.py", "targets/process", "store/holder.py"},
    "rattler": {"environments/conda"},
    "rich": {"cli/watching.py", "views/live.py"},
    "ruamel": {"clients"},
    "tenacity": {"clients"},
    "urllib3": {"clients"},
    "uv": {"environments"},
    "uvloop": {"serving/front"},
    "yaml": {"clients"},
}
"""Package -> the only files and folders of ours that import it."""

SERVED = {"azureml", "flask", "joblib", "numpy", "onnxruntime", "pandas", "sklearn"}
"""Packages of the user, which a worker looks for and does without."""


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]

    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_package_of_others_is_imported_only_at_its_home(path: Path) -> None:
    place = path.relative_to(PACKAGE)
    roots = {name.partition(".")[0] for name in imported(path)}
    foreign = roots - set(sys.stdlib_module_names) - {"mlops"}
    if place.is_relative_to("serving/worker"):
        foreign -= SERVED

    strays = {
        name
        for name in foreign
        if not any(place.is_relative_to(home) for home in HOMES.get(name, ()))
    }

    assert set() == strays


def test_every_dependency_has_a_home() -> None:
    project = (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8")
    listed = project.partition("\ndependencies = [\n")[2].partition("\ndev = [\n")[0]
    names = set(re.findall(r'^    "([a-z0-9]+)', listed, re.MULTILINE))
    imported_as = {"common": "cel", "gitpython": "git", "py": "rattler", "pyyaml": "yaml"}

    assert set(HOMES) == {imported_as.get(name, name) for name in names}


def test_only_the_server_makes_dataclasses_which_takes_a_millisecond_each() -> None:
    makers = {
        path.relative_to(PACKAGE).parts[0]
        for path in OURS
        if any(name.startswith("dataclasses") for name in imported(path))
    }

    assert {"serving"} == makers


def test_targets_do_not_know_each_other() -> None:
    kinds = PACKAGE / "targets"

    strays = [
        (path.name, name)
        for path in kinds.rglob("*.py")
        if path.name != "table.py"
        for name in imported(path)
        if name.startswith("mlops.targets.")
        and name.split(".")[2] != path.relative_to(kinds).parts[0].removesuffix(".py")
    ]

    assert strays == []


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of each module that a file imports, but of those beside it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", ["mlops.cli", "mlops.cli.validate"])
def test_importing_a_command_loads_no_sdk(module: str) -> None:
    words = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"

    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)

    assert set() == HEAVY & set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "late"),
    [
        ("mlops.targets.docker.target", "psutil"),
        ("mlops.cli.image.making", "mlops.images.registry"),
    ],
)
def test_what_is_slow_to_import_and_seldom_wanted_at_once_comes_late(
    module: str, late: str
) -> None:
    words = f"import sys, {module}; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)

    assert module in done.stdout.split()
    assert late not in done.stdout.split()


def test_a_start_looks_for_no_garbage() -> None:
    example = str(PACKAGE.parent / "examples" / "quickstart")
    words = f"""
import atexit, gc, sys
sys.argv = ["mlops", "validate", "-f", {example!r}]
looks = []
gc.callbacks.append(lambda phase, _: looks.append(phase))
atexit.register(lambda: print(len(looks), gc.get_freeze_count() > 10_000))
from mlops.__main__ import main
main()
"""

    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "0 True"


def test_a_target_that_gets_ready_to_be_asked_imports_what_it_is_asked_with() -> None:
    words = """
import sys
from pathlib import Path
from mlops.abilities import Wakes
from mlops.targets.docker.settings import Settings
from mlops.targets.docker.target import DockerTarget
from mlops.values import Owner
owner = Owner(project="p", source="", root="/", files=())
target = DockerTarget("engine", Settings(host="tcp://nobody.invalid:1"), Path("/"), owner)
assert isinstance(target, Wakes) and "docker" not in sys.modules
target.wake()
assert "docker" in sys.modules
"""

    subprocess.run([sys.executable, "-c", words], check=True)


def test_a_file_loads_the_kinds_of_targets_that_it_names() -> None:
    loaded = [name.split(".") for name in loaded_by_a_fine_file()]

    kinds = {parts[2] for parts in loaded if parts[:2] == ["mlops", "targets"] and parts[2:]}
    assert {"process", "table"} == kinds


def test_a_file_in_which_all_is_fine_does_not_wait_for_what_would_say_what_is_wrong() -> None:
    assert "jsonschema" not in loaded_by_a_fine_file()


def loaded_by_a_fine_file() -> list[str]:
    """Return the modules that the check of a file loads."""
    example = str(PACKAGE.parent / "examples" / "quickstart")
    words = "import sys; from mlops.cli import run; run(sys.argv[1:]); print(*sys.modules)"
    command = [sys.executable, "-c", words, "validate", "-f", example]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_keeps_the_ceilings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    over = [f"{name}: {size} over {limit}" for name, size, limit in sizes(text) if size > limit]

    assert over == []


def sizes(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield what is measured of a file: its name, its size, its ceiling."""
    yield "lines of the file", text.count("\n"), 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"lines of {node.name}()", (node.end_lineno or 0) - node.lineno + 1, 40
        if isinstance(node, ast.ClassDef):
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            methods = [item for item in node.body if isinstance(item, functions)]
            yield f"methods of {node.name}", len(methods), 12


def test_a_coroutine_counts_as_a_method() -> None:
    text = "class A:\n" + "".join(f"    async def f{n}(self): ...\n" for n in range(13))

    assert ("methods of A", 13, 12) in list(sizes(text))


def test_every_module_opens_with_a_sentence() -> None:
    bare = [path.name for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))]

    assert bare == []

"""The README names every command, kind and exit code; the schema is current; examples plan."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import REPO, Walk, free_port, processes, walking

from mlops import errors
from mlops.cli import COMMANDS
from mlops.cli.kinds import KINDS
from mlops.schema import schema

README = REPO / "README.md"
EXAMPLES = sorted(path.parent for path in (REPO / "examples").glob("*/mlops.yaml"))


@pytest.fixture
def readme() -> str:
    return README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(readme: str, name: str) -> None:
    assert f"mlops {name}" in readme or f"`{name}`" in readme


@pytest.mark.parametrize("kind", KINDS.targets)
def test_every_kind_of_target_is_in_the_readme(readme: str, kind: str) -> None:
    assert f"`{kind}`" in readme


def test_every_exit_code_is_in_the_readme(readme: str) -> None:
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    codes = {item.code for item in classes if issubclass(item, errors.MlopsError)} | {0, 2}

    assert [code for code in sorted(codes) if f"| {code} |" not in readme] == []


def test_the_schema_is_current() -> None:
    written = json.loads((REPO / "schema" / "mlops.schema.json").read_text(encoding="utf-8"))

    assert schema(KINDS) == written, "run: mlops schema -o schema/mlops.schema.json"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_example_plans(walk: Walk, example: Path) -> None:
    shutil.copytree(example, walk.folder / "example")
    port = free_port()
    file = walk.folder / "example" / "mlops.yaml"
    text = file.read_text(encoding="utf-8").replace("port: 8890", f"port: {port}")
    file.write_text(text, encoding="utf-8")

    answer = walk.run("plan", "-f", "example")

    assert answer.code == 0, answer.err
    assert " to add, 0 to change, 0 to destroy.\n" in answer.out


def test_the_quickstart_serves_its_model(walk: Walk) -> None:
    shutil.copytree(REPO / "examples" / "quickstart", walk.folder / "quickstart")
    file = walk.folder / "quickstart" / "mlops.yaml"
    text = file.read_text(encoding="utf-8").replace("port: 8890", f"port: {walk.port}")
    file.write_text(text, encoding="utf-8")
    row = [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]

    answer = walk.run("apply", "--auto-approve", "-f", "quickstart")

    if "error: the package index did not answer: " in answer.err:
        pytest.skip("no package index answers")
    assert answer.code == 0, answer.err
    assert [205.486] == pytest.approx(walk.score(row=row), abs=0.001)
    destroyed = walk.run("destroy", "--auto-approve", "--allow-deletes", "1", "-f", "quickstart")
    assert destroyed.code == 0
    assert processes(walk.folder) == []

"""Which files of a source directory are code: what its ignore files leave out is none."""

from pathlib import Path

import pytest

from mlops.code import code_of
from mlops.errors import SpecError
from mlops.hashing import HashCache

FILES = (
    "score.py",
    "data/train.csv",
    "data/keep.csv",
    "lib/a.py",
    "lib/data/b.csv",
    "lib/a.pyc",
    "__pycache__/score.pyc",
)
ALL = ["data/keep.csv", "data/train.csv", "lib/a.py", "lib/data/b.csv", "score.py"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def code(folder: Path) -> list[str]:
    return [entry.path for entry in code_of(folder, HashCache(None)).files]


def test_all_but_what_no_service_needs_is_code(folder: Path) -> None:
    assert code(folder) == ALL


@pytest.mark.parametrize("name", [".gitignore", ".amlignore"])
@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("data/\n", ["lib/a.py", "score.py"]),
        ("/data\n", ["lib/a.py", "lib/data/b.csv", "score.py"]),
        ("*.csv\n!keep.csv\n", ["data/keep.csv", "lib/a.py", "score.py"]),
        ("# data\n\n", ALL),
    ],
)
def test_the_rules_of_git_are_respected(
    folder: Path, name: str, rules: str, left: list[str]
) -> None:
    (folder / name).write_text(rules)

    assert code(folder) == left


def test_the_file_of_v1_wins_over_that_of_git(folder: Path) -> None:
    (folder / ".gitignore").write_text("*.csv\n")
    (folder / ".amlignore").write_text("lib\n")

    assert code(folder) == ["data/keep.csv", "data/train.csv", "score.py"]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("data\n", ["lib/a.py", "lib/data/b.csv", "score.py"]),
        ("./data/\n", ["lib/a.py", "lib/data/b.csv", "score.py"]),
        ("**/*.csv\n", ["lib/a.py", "score.py"]),
        ("*.csv\n", ALL),
        ("data\n!data/keep.csv\n", ["data/keep.csv", "lib/a.py", "lib/data/b.csv", "score.py"]),
    ],
)
def test_the_rules_of_docker_are_respected(folder: Path, rules: str, left: list[str]) -> None:
    (folder / ".dockerignore").write_text(rules)

    assert code(folder) == left


def test_an_ignore_file_that_leaves_out_nothing_changes_no_digest(folder: Path) -> None:
    before = code_of(folder, HashCache(None))

    (folder / ".gitignore").write_text("*.log\n")

    assert before == code_of(folder, HashCache(None))


def test_a_line_that_is_no_pattern_is_told(folder: Path) -> None:
    (folder / ".gitignore").write_text("!\n")

    with pytest.raises(SpecError, match=r"gitignore` holds a line that is no pattern"):
        code(folder)

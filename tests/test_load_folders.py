"""The paths of a file: who has which folder, and what may be a store."""

from pathlib import Path

import pytest
from rows import KINDS, ProcessSettings
from test_load import lay_out, refused, summaries, write

from mlops.load import load
from mlops.store.cloud import CLOUDS
from mlops.store.objects import open_store
from mlops.targets.process.settings import FOLDER, Settings
from mlops.targets.process.target import ProcessTarget
from mlops.values import Owner

FILE = Path("mlops.yaml")
OWNER = Owner(project="p", source="s", root="/", files=())


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = lay_out(tmp_path / "checkout")
    monkeypatch.chdir(folder)
    return folder


def test_a_target_that_names_no_folder_has_the_one_that_load_thinks(tmp_path: Path) -> None:
    target = ProcessTarget("laptop", Settings(), tmp_path, OWNER)

    assert str(tmp_path / FOLDER.format(name="laptop")) == target.identity


def test_a_folder_of_a_second_file_is_relative_to_that_file(checkout: Path) -> None:
    (checkout / "more").mkdir()
    (checkout / "more" / "targets.yaml").write_text(
        "version: 1\ntargets:\n  desk: {kind: process, folder: ../work}\n"
    )
    files = [FILE, Path("more/targets.yaml")]

    spec = load(files, {}, KINDS)
    write(checkout / "mlops.yaml", "{kind: process}", "{kind: process, folder: work}")
    problems = refused(files)

    assert ProcessSettings(folder="work") == spec.targets["desk"].settings
    assert ["the folder of target `desk` is taken"] == summaries(problems)
    assert problems[0].hint.endswith("the other is at mlops.yaml:15:35")


def test_a_link_to_the_folder_of_another_target_is_that_folder(checkout: Path) -> None:
    (checkout / "work").mkdir()
    (checkout / "link").symlink_to("work")
    write(
        checkout / "mlops.yaml",
        "{kind: process}",
        "{kind: process, folder: work}\n  desk: {kind: process, folder: link}",
    )

    assert ["the folder of target `desk` is taken"] == summaries(refused([FILE]))


@pytest.mark.parametrize("scheme", CLOUDS)
def test_load_takes_each_store_that_can_be_opened(checkout: Path, scheme: str) -> None:
    address = f"{scheme}://bucket/prefix"
    write(checkout / "mlops.yaml", "project: diabetes", f"project: diabetes\nstore: {address}")

    spec = load([FILE], {}, KINDS)

    assert address == spec.store
    assert address == open_store(spec.store, checkout).location


def test_a_password_stands_in_no_problem_and_its_columns_stay(checkout: Path) -> None:
    address = "https://user:secret@host/x"
    write(
        checkout / "mlops.yaml",
        "port: 8890",
        f'tags: {{a: {address}, b: 1}}\n    description: ["{address}"]',
    )
    write(checkout / "mlops.yaml", "target: laptop", f"target: {address}")
    (checkout / "score" / "requirements.txt").write_text(f"--index-url {address}\nx {address} y\n")

    problems = refused([FILE])

    assert len(problems) == 5
    assert "secret" not in repr(problems)
    (number,) = [problem.where for problem in problems if "`b`" in problem.summary]
    assert number
    assert "1" == number.text[number.column - 1 : number.column - 1 + number.width]


def test_a_python_that_is_no_version_is_a_problem_alone(checkout: Path) -> None:
    write(checkout / "mlops.yaml", "entry_script", "python: 3.x\n    entry_script")

    assert ["`python` cannot be `3.x`"] == summaries(refused([FILE]))

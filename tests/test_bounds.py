"""What a folder may hold: how much, and who says otherwise."""

import os
from pathlib import Path

import pytest

from mlops.bounds import LARGE, Bounds, check_whole, code_bounds, model_bounds
from mlops.errors import SpecError
from mlops.hashing import content_of


def written(path: Path, holes: int, text: bytes = b"x") -> None:
    """Write a file that begins with a hole of so many bytes."""
    with path.open("wb") as file:
        file.seek(holes)
        file.write(text)


def checked(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        check_whole(descriptor, path.stat().st_size, path.name)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("tail", [b"", b"x" * 4096])
def test_a_large_file_that_was_never_written_is_refused(tmp_path: Path, tail: bytes) -> None:
    written(tmp_path / "m", 2 * LARGE, tail)
    os.truncate(tmp_path / "m", 3 * LARGE)

    with pytest.raises(SpecError, match=r"`m` says that it has 3.2 GB, most of which was never"):
        checked(tmp_path / "m")


def test_a_small_hole_is_a_file_like_any_other(tmp_path: Path) -> None:
    written(tmp_path / "m", LARGE // 1024)

    checked(tmp_path / "m")


def test_a_file_is_read_from_its_beginning_after_it_was_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "m"
    written(path, LARGE)
    descriptor = os.open(path, os.O_RDONLY)

    with pytest.raises(SpecError):
        check_whole(descriptor, path.stat().st_size, "m")

    assert 0 == os.lseek(descriptor, 0, os.SEEK_CUR)
    os.close(descriptor)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (Bounds(files=2), "holds more than 2 files"),
        (Bounds(bytes=5), "holds more than 5 B"),
    ],
)
def test_a_folder_is_refused_before_it_is_read(tmp_path: Path, bounds: Bounds, said: str) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text("12")

    with pytest.raises(SpecError, match=f"`code` {said}"):
        content_of(folder, cache=None, bounds=bounds)


def test_a_folder_that_keeps_within_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("12")

    assert 1 == len(content_of(tmp_path, cache=None, bounds=Bounds(files=1, bytes=2)).files)


def test_whoever_runs_it_raises_the_limits_and_a_model_may_be_of_any_size() -> None:
    given = {"MLOPS_MAX_FILES": "7", "MLOPS_MAX_CODE_BYTES": "9"}

    assert Bounds(files=7, bytes=9) == code_bounds(given)
    assert Bounds(files=7) == model_bounds(given)
    with pytest.raises(SpecError, match="`MLOPS_MAX_FILES` is no number: `many`"):
        model_bounds({"MLOPS_MAX_FILES": "many"})

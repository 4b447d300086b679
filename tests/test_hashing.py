"""Digests of files and folders."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from mlops.artefacts import FileEntry
from mlops.errors import SpecError
from mlops.hashing import (
    content_of,
    digest_bytes,
    digest_file,
    digest_json,
    short,
)
from mlops.plain import freeze


def hexdigest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    (made / "deep").mkdir(parents=True)
    (made / "b.txt").write_bytes(b"b")
    (made / "deep" / "a.txt").write_bytes(b"a")
    return made


def paths(path: Path, **options: str) -> list[str]:
    return [entry.path for entry in content_of(path, cache=None, **options).files]  # type: ignore[arg-type]


def problem(path: Path) -> str:
    with pytest.raises(SpecError) as caught:
        content_of(path, cache=None)
    return caught.value.problems[0].summary


def test_a_digest_names_its_algorithm_and_has_a_short_form() -> None:
    digest = digest_bytes(b"abc")

    assert "sha256:" + hexdigest(b"abc") == digest
    assert hexdigest(b"abc")[:12] == short(digest)


def test_equal_plain_values_have_one_digest_whatever_their_order_and_type() -> None:
    assert digest_json({"a": [1, "ü"], "b": None}) == digest_json(
        freeze({"b": None, "a": [1, "ü"]})
    )
    assert digest_json({"a": 1}) != digest_json({"a": "1"})


def test_a_file_is_called_by_its_own_name_or_by_the_prefix(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(b"model")

    assert (FileEntry(path="model.pkl", size=5, digest=hexdigest(b"model")),) == content_of(
        file, cache=None
    ).files
    assert ["other.pkl"] == paths(file, prefix="other.pkl")


def test_a_folder_holds_its_files_sorted_and_relative(folder: Path) -> None:
    assert ["b.txt", "deep/a.txt"] == paths(folder)
    assert ["outputs/b.txt", "outputs/deep/a.txt"] == paths(folder, prefix="outputs")


def test_the_digest_of_a_folder_is_that_of_its_sorted_paths_and_digests(folder: Path) -> None:
    expected = digest_json([["b.txt", hexdigest(b"b")], ["deep/a.txt", hexdigest(b"a")]])

    assert expected == content_of(folder, cache=None).digest


def test_the_digest_of_a_folder_follows_bytes_and_names_but_not_times(folder: Path) -> None:
    before = content_of(folder, cache=None).digest

    os.utime(folder / "b.txt", (1, 1))
    assert before == content_of(folder, cache=None).digest

    (folder / "b.txt").rename(folder / "c.txt")
    assert before != content_of(folder, cache=None).digest


def test_what_is_skipped_is_no_content_and_is_not_looked_into(folder: Path) -> None:
    (folder / "deep" / "outside").symlink_to("/")

    found = content_of(folder, cache=None, skip=lambda path: path == "deep")

    assert ["b.txt"] == [entry.path for entry in found.files]


def test_an_empty_folder_is_a_content_without_files(tmp_path: Path) -> None:
    assert () == content_of(tmp_path, cache=None).files


def test_links_within_a_folder_are_followed_as_what_they_point_to(folder: Path) -> None:
    (folder / "link.txt").symlink_to("deep/a.txt")
    (folder / "again").symlink_to("deep")

    found = content_of(folder, cache=None).files

    assert ["again/a.txt", "b.txt", "deep/a.txt", "link.txt"] == [entry.path for entry in found]
    assert found[0].digest == found[2].digest == found[3].digest


def test_a_link_that_leaves_the_folder_is_refused(folder: Path) -> None:
    (folder / "deep" / "out").symlink_to("/etc/passwd")

    assert f"the link `deep/out` points outside of `{folder}`" == problem(folder)


def test_a_link_into_a_folder_whose_name_merely_begins_alike_is_refused(folder: Path) -> None:
    (folder.parent / "folder2").mkdir()
    (folder / "out").symlink_to("../folder2")

    assert "points outside" in problem(folder)


def test_a_link_that_leads_back_is_refused(folder: Path) -> None:
    (folder / "deep" / "up").symlink_to("..")

    assert "the link `deep/up` leads back to a folder that it is in" == problem(folder)


def test_a_link_to_nothing_is_refused(folder: Path) -> None:
    (folder / "broken").symlink_to("nowhere")

    assert "there is no file `broken`" == problem(folder)


def test_links_that_multiply_without_end_are_refused(tmp_path: Path) -> None:
    for depth in range(40):
        (tmp_path / f"d{depth}").mkdir()
    for depth in range(39):
        for link in ("x", "y"):
            (tmp_path / f"d{depth}" / link).symlink_to(f"../d{depth + 1}")

    assert "more than 1000 links to folders" in problem(tmp_path)


def test_what_is_neither_a_file_nor_a_folder_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    assert "`pipe` is neither a file nor a folder" == problem(folder)
    assert "is neither a file nor a folder" in problem(folder / "pipe")


def test_a_socket_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket is short
        try:
            server.bind("s")
        finally:
            os.chdir(here)

        assert "`s` is neither a file nor a folder" == problem(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert f"there is no file `{tmp_path / 'none'}`" == problem(tmp_path / "none")


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.bin")).write_bytes(b"")

    assert "is not UTF-8" in problem(tmp_path)


def test_a_file_larger_than_a_buffer_has_the_digest_of_all_its_bytes(tmp_path: Path) -> None:
    data = os.urandom(3 * 1024 * 1024 + 7)
    (tmp_path / "big").write_bytes(data)

    assert (len(data), hexdigest(data)) == digest_file(tmp_path / "big", None)

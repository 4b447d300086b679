"""Named bytes in a folder or a cloud store."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from mlops.errors import SpecError, TargetError
from mlops.store.objects import CHUNK, Objects, open_store


@pytest.fixture(params=["folder", "cloud"])
def objects(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Objects:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if request.param == "folder":
        return open_store(".mlops/store", tmp_path)
    return Objects("az://models", None, MemoryStore)


def test_looking_at_a_store_that_is_not_there_finds_and_makes_nothing(tmp_path: Path) -> None:
    objects = open_store(".mlops/store", tmp_path)

    assert objects.read("a/1.json") is None
    assert objects.list("a") == ()
    assert not objects.exists("a/1.json")
    assert [] == list(tmp_path.iterdir())


def test_an_object_is_created_once(objects: Objects) -> None:
    assert objects.create("a/1.json", b"first")
    assert not objects.create("a/1.json", b"second")

    assert b"first" == objects.read("a/1.json")
    assert objects.exists("a/1.json")
    assert 5 == objects.size("a/1.json")


def test_an_object_is_overwritten(objects: Objects) -> None:
    objects.overwrite("a/1", b"first")
    objects.overwrite("a/1", b"second")

    assert b"second" == objects.read("a/1")
    assert ("a/1",) == objects.list("a")


def test_the_store_tells_when_an_object_was_written_last(objects: Objects) -> None:
    objects.create("a", b"")
    created = objects.modified("a")
    time.sleep(0.01)
    objects.overwrite("a", b"")
    overwritten = objects.modified("a")

    assert objects.modified("b") is None
    assert created is not None
    assert overwritten is not None
    assert created < overwritten


def test_an_empty_object_is_an_object(objects: Objects) -> None:
    objects.create("empty", b"")

    assert b"" == objects.read("empty")


def test_a_folder_is_no_object(objects: Objects) -> None:
    objects.create("a/1.json", b"x")

    assert objects.read("a") is None
    assert not objects.exists("a")


def test_a_list_is_sorted_deep_and_ends_at_whole_names(objects: Objects) -> None:
    for path in ("a/10.json", "a/2.json", "a/2/meta/1.json", "ab/1.json"):
        objects.create(path, b"x")

    assert ("a/10.json", "a/2.json", "a/2/meta/1.json") == objects.list("a")
    assert () == objects.list("b")


def test_what_is_deleted_is_gone_and_deleting_it_again_is_no_error(objects: Objects) -> None:
    objects.create("a/1.json", b"x")

    objects.delete(["a/1.json"])
    objects.delete(["a/1.json"])

    assert () == objects.list("a")


def test_a_large_object_arrives_whole(objects: Objects) -> None:
    part = os.urandom(CHUNK)

    objects.upload("big", [part, part, b"end"])

    assert part + part + b"end" == objects.read("big")


def test_an_upload_that_fails_leaves_nothing(objects: Objects) -> None:
    def parts() -> Iterator[bytes]:
        yield b"x" * CHUNK
        yield b"x" * CHUNK
        raise SpecError

    with pytest.raises(SpecError):
        objects.upload("big", parts())

    assert not objects.exists("big")


def test_an_object_has_a_local_file(objects: Objects) -> None:
    objects.create("a/1.txt", b"text")

    assert b"text" == objects.local("a/1.txt").read_bytes()
    assert b"text" == objects.local("a/1.txt").read_bytes()
    with pytest.raises(TargetError):
        objects.local("a/2.txt")


def test_of_many_threads_one_creates(objects: Objects) -> None:
    with ThreadPoolExecutor(max_workers=16) as pool:
        made = list(pool.map(lambda n: objects.create("lock", str(n).encode()), range(64)))

    assert [str(made.index(True)).encode()] == [objects.read("lock")]
    assert 1 == made.count(True)


def create(folder: str) -> list[bool]:
    objects = open_store(folder, Path("/"))
    return [objects.create(f"locks/{n}", str(os.getpid()).encode()) for n in range(100)]


def test_of_many_processes_one_creates(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        made = pool.map(create, [str(tmp_path / "store")] * 4, chunksize=1)

    assert [1] * 100 == [sum(column) for column in zip(*made, strict=True)]


def test_a_record_that_a_killed_run_left_half_written_is_not_seen(tmp_path: Path) -> None:
    objects = open_store("store", tmp_path)
    objects.create("a/1.json", b"x")
    (tmp_path / "store" / "a" / "2.json#1").write_bytes(b"half")

    assert ("a/1.json",) == objects.list("a")
    assert objects.create("a/2.json", b"whole")
    assert b"whole" == objects.read("a/2.json")


def test_a_store_whose_folder_is_a_file_is_a_target_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    objects = open_store("store", tmp_path)

    for act in (
        lambda: objects.read("a"),
        lambda: objects.list("a"),
        lambda: objects.create("a", b""),
    ):
        with pytest.raises(TargetError) as caught:
            act()
        assert f"the store `{tmp_path / 'store'}` can't" in caught.value.problems[0].summary
        assert "\n" not in caught.value.problems[0].summary


def test_a_store_is_a_folder_beside_the_file_or_an_absolute_one(tmp_path: Path) -> None:
    assert tmp_path / "store" == open_store("deep/../store", tmp_path).root
    assert Path("/srv/store") == open_store("/srv/store", tmp_path).root
    assert Path("/srv/my store") == open_store("file:///srv/my%20store", tmp_path).root


def test_a_cloud_store_is_opened_late_and_named_without_credentials(tmp_path: Path) -> None:
    objects = open_store("s3://key:s3cret@bucket/path?sig=s3cret", tmp_path)

    assert ("s3://bucket/path", None) == (objects.location, objects.root)


@pytest.mark.parametrize("location", ["ftp://host/x", "http://host/x", "memory:///"])
def test_an_unknown_scheme_is_refused(location: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        open_store(location, tmp_path)


def test_an_error_of_the_client_tells_no_signature() -> None:
    def fail() -> object:
        raise ValueError("403 from https://a.blob.core.windows.net/c?sig=s3cret\nmore")

    with pytest.raises(TargetError) as caught:
        Objects("az://c", None, fail).list("a")

    assert "s3cret" not in str(caught.value)
    assert "403 from https://a.blob.core.windows.net/c" in str(caught.value)


def test_an_object_is_listed_by_its_name_though_it_is_gone_before_anybody_looks(
    tmp_path: Path,
) -> None:
    objects = open_store("store", tmp_path)
    objects.create("a/1.json", b"{}")
    (tmp_path / "store" / "a" / "2.json").symlink_to("gone")
    (tmp_path / "store" / "a" / "3.json#1").write_bytes(b"half")

    assert ("a/1.json", "a/2.json") == objects.list("a")

"""The bytes of models, once each, under their own digest."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from mlops.artefacts import FileEntry
from mlops.errors import StaleError, TargetError
from mlops.store.blobs import Blobs
from mlops.store.objects import CHUNK, Objects, open_store

ADD = """
import sys
from pathlib import Path
from mlops.store.blobs import Blobs
from mlops.store.objects import open_store

def progress(count):
    print(count, flush=True)
    if sys.argv[3] == "slow":
        sys.stdin.read()

print(Blobs(open_store(sys.argv[1], Path("/"))).add(Path(sys.argv[2]), None, progress))
"""


def hexdigest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entry(data: bytes, path: str = "file") -> FileEntry:
    return FileEntry(path=path, size=len(data), digest=hexdigest(data))


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture(params=["folder", "cloud"])
def objects(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Objects:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if request.param == "folder":
        return open_store("store", tmp_path)
    return Objects("az://models", None, MemoryStore)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Objects:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return open_store("store", tmp_path)


@pytest.mark.parametrize("size", [0, 1, 2**20, 2**20 + 1, 2 * CHUNK + 3])
def test_a_file_is_stored_under_the_digest_of_its_bytes(
    size: int, objects: Objects, tmp_path: Path
) -> None:
    data = os.urandom(size)
    source = written(tmp_path / "file", data)
    told: list[int] = []

    digest = Blobs(objects).add(source, entry(data), told.append)

    assert hexdigest(data) == digest
    assert (f"blobs/sha256/{digest}",) == objects.list("blobs")
    assert data == Blobs(objects).path(digest).read_bytes()
    assert size == sum(told)


def test_a_file_without_an_expectation_is_stored_as_it_is(objects: Objects, tmp_path: Path) -> None:
    digest = Blobs(objects).add(written(tmp_path / "file", b"x"))

    assert b"x" == objects.read(f"blobs/sha256/{digest}")


def test_a_file_that_changed_since_the_plan_is_refused_and_not_stored(
    objects: Objects, tmp_path: Path
) -> None:
    for data in (b"x", b"x" * (2 * CHUNK)):
        source = written(tmp_path / "file", data + b"changed")

        with pytest.raises(StaleError) as caught:
            Blobs(objects).add(source, entry(data))

        assert f"`{source}` changed since the plan" == caught.value.problems[0].summary
        assert () == objects.list("blobs")


def test_a_file_that_is_gone_since_the_plan_is_refused(objects: Objects, tmp_path: Path) -> None:
    with pytest.raises(StaleError):
        Blobs(objects).add(tmp_path / "gone", entry(b"x"))


def test_a_source_that_changed_is_refused_though_its_blob_is_there(
    objects: Objects, tmp_path: Path
) -> None:
    source = written(tmp_path / "file", b"one")
    Blobs(objects).add(source, entry(b"one"))
    source.write_bytes(b"two")

    with pytest.raises(StaleError):
        Blobs(objects).add(source, entry(b"one"))


def test_a_blob_that_is_there_is_not_copied_again(folder: Objects, tmp_path: Path) -> None:
    source = written(tmp_path / "file", b"x")
    Blobs(folder).add(source, entry(b"x"))
    before = Blobs(folder).path(hexdigest(b"x")).stat()
    told: list[int] = []

    Blobs(folder).add(source, entry(b"x"), told.append)

    after = Blobs(folder).path(hexdigest(b"x")).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [1] == told


def test_a_blob_that_lost_bytes_is_written_anew(folder: Objects, tmp_path: Path) -> None:
    source = written(tmp_path / "file", b"whole")
    digest = Blobs(folder).add(source, entry(b"whole"))
    blob = Blobs(folder).path(digest)
    blob.chmod(0o644)
    blob.write_bytes(b"")

    Blobs(folder).add(source, entry(b"whole"))

    assert b"whole" == blob.read_bytes()


def test_a_blob_cannot_be_written_by_accident(folder: Objects, tmp_path: Path) -> None:
    digest = Blobs(folder).add(written(tmp_path / "file", b"x"))

    assert 0o444 == Blobs(folder).path(digest).stat().st_mode & 0o777


def test_a_missing_blob_is_told_with_what_to_do(objects: Objects) -> None:
    with pytest.raises(TargetError) as caught:
        Blobs(objects).path("0" * 64)

    assert "has no `blobs/sha256/000" in caught.value.problems[0].summary


def test_a_damaged_blob_of_a_cloud_store_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    objects = Objects("az://models", None, MemoryStore)
    objects.create("blobs/sha256/" + "0" * 64, b"other")

    with pytest.raises(TargetError) as caught:
        Blobs(objects).path("0" * 64)

    assert "is damaged" in caught.value.problems[0].summary
    assert [] == [path for path in (tmp_path / "cache").rglob("0" * 64) if path.is_file()]


def test_files_are_stored_side_by_side_and_counted(objects: Objects, tmp_path: Path) -> None:
    datas = {f"f{n}": os.urandom(100_000 + n) for n in range(20)}
    for name, data in datas.items():
        written(tmp_path / name, data)
    entries = [entry(data, name) for name, data in datas.items()]

    done = list(Blobs(objects).add_all(entries, lambda path: tmp_path / path))

    assert sum(item.size for item in entries) == done[-1]
    assert sorted(f"blobs/sha256/{item.digest}" for item in entries) == list(objects.list("blobs"))


def test_equal_files_of_one_model_are_one_blob(folder: Objects, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        written(tmp_path / name, b"same" * 100_000)
    entries = [entry(b"same" * 100_000, name) for name in ("a", "b", "c")]

    list(Blobs(folder).add_all(entries, lambda path: tmp_path / path))

    assert (f"blobs/sha256/{entries[0].digest}",) == folder.list("blobs")


def test_one_changed_file_among_many_is_refused(objects: Objects, tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path / name, b"now")
    entries = [entry(b"now", "a"), entry(b"before", "b")]

    with pytest.raises(StaleError):
        list(Blobs(objects).add_all(entries, lambda path: tmp_path / path))


def test_a_caller_that_stops_listening_stops_the_storing(folder: Objects, tmp_path: Path) -> None:
    data = bytes(200 * 2**20)
    source = written(tmp_path / "big", data)
    blobs = Blobs(folder)
    # the digest is wrong on purpose: nothing could be stored if it went on to the end
    item = FileEntry(path="big", size=len(data), digest="0" * 64)
    steps = blobs.add_all([item] * 8, lambda _: source)

    next(steps)
    steps.close()  # type: ignore[attr-defined]  # it is a generator

    assert [] == list((tmp_path / "store" / "blobs" / "partial").iterdir())


def add(store: Path, source: Path, how: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ADD, str(store), str(source), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def test_a_run_killed_while_it_stores_is_finished_by_the_next(
    folder: Objects, tmp_path: Path
) -> None:
    data = os.urandom(50_000_000)
    source = written(tmp_path / "big", data)
    left = tmp_path / "store" / "blobs" / "partial"
    with add(tmp_path / "store", source, "slow") as killed:
        assert killed.stdout
        killed.stdout.readline()
        assert 1 == len(list(left.iterdir()))

        # another run does not take the file away that is still being written
        Blobs(folder).add(written(tmp_path / "small", b"small"))
        assert 1 == len(list(left.iterdir()))
        killed.send_signal(signal.SIGKILL)

    assert not Blobs(folder).holds(entry(data))
    digest = Blobs(folder).add(source, entry(data))

    assert data == Blobs(folder).path(digest).read_bytes()
    assert [] == list(left.iterdir())


def test_many_kills_at_any_time_end_in_one_whole_blob(folder: Objects, tmp_path: Path) -> None:
    data = os.urandom(50_000_000)
    source = written(tmp_path / "big", data)
    for pause in (0.0, 0.01, 0.02, 0.04):
        with add(tmp_path / "store", source, "fast") as killed:
            assert killed.stdout
            killed.stdout.readline()
            time.sleep(pause)
            killed.kill()

    digest = Blobs(folder).add(source, entry(data))

    names = (f"blobs/sha256/{digest}", f"blobs/sha256/{hexdigest(b'x')}")
    assert data == Blobs(folder).path(digest).read_bytes()
    Blobs(folder).add(written(tmp_path / "x", b"x"))
    assert tuple(sorted(names)) == folder.list("blobs")


def test_many_threads_store_one_file(folder: Objects, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    source = written(tmp_path / "file", data)

    with ThreadPoolExecutor(max_workers=8) as pool:
        made = set(pool.map(lambda _: Blobs(folder).add(source, entry(data)), range(16)))

    assert {hexdigest(data)} == made
    assert data == Blobs(folder).path(hexdigest(data)).read_bytes()
    assert (f"blobs/sha256/{hexdigest(data)}",) == folder.list("blobs")

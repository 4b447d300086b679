"""The cache that spares reading files again."""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.digesting import LARGE
from mlops.hashing import REMEMBERED, HashCache, cache_folder, content_of, digest_file


def hexdigest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def aged() -> Callable[[Path], Path]:
    """Wait until a file is old enough to be remembered: its ctime can't be set back."""

    def wait(path: Path) -> Path:
        time.sleep(max(0.0, path.stat().st_ctime + 0.11 - time.time()))
        return path

    return wait


def test_a_young_file_is_not_remembered(tmp_path: Path) -> None:
    file, cache = tmp_path / "file", HashCache.open(tmp_path / "cache.json")
    file.write_bytes(b"now")

    digest_file(file, cache)
    cache.save()

    assert cache.lookup(file, file.stat()) is None
    assert not (tmp_path / "cache.json").exists()


@pytest.mark.parametrize(
    ("fraction", "age", "kept"), [(0, 1.9, False), (0, 2.1, True), (1, 0.2, True)]
)
def test_how_old_a_file_must_be_depends_on_how_finely_its_times_are_counted(
    tmp_path: Path,
    fraction: int,
    age: float,
    kept: bool,  # noqa: FBT001  a row of a table
) -> None:
    file, cache = tmp_path / "file", HashCache.open(tmp_path / "cache.json")
    file.write_bytes(b"old")
    seen = os.stat_result([*file.stat()][:10], {"st_ctime_ns": 1_000_000_000 + fraction})

    cache.remember(file, seen, "0" * 64, max(seen.st_mtime, seen.st_ctime) + age)
    cache.save()

    assert kept == (tmp_path / "cache.json").exists()


@pytest.mark.parametrize("size", [0, 5, LARGE - 1, LARGE, LARGE + 5])
def test_a_file_of_any_size_has_the_digest_of_its_bytes(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "file").write_bytes(data)

    assert (size, hexdigest(data)) == digest_file(tmp_path / "file", None)


def test_an_old_file_is_remembered_by_the_next_run(
    tmp_path: Path, aged: Callable[[Path], Path]
) -> None:
    file, cache = tmp_path / "file", HashCache.open(tmp_path / "made" / "cache.json")
    file.write_bytes(b"old")
    digest_file(aged(file), cache)
    cache.save()

    again = HashCache.open(tmp_path / "made" / "cache.json")

    assert hexdigest(b"old") == again.lookup(file, file.stat())


def test_a_remembered_file_is_not_read_again(tmp_path: Path) -> None:
    file, cache = tmp_path / "file", HashCache.open(tmp_path / "cache.json")
    file.write_bytes(b"old")
    cache.remember(file, file.stat(), "0" * 64, time.time() + 60)

    assert (3, "0" * 64) == digest_file(file, cache)
    assert "0" * 64 == content_of(file, cache=cache).files[0].digest


def test_a_file_edited_in_place_with_its_time_restored_is_read_again(tmp_path: Path) -> None:
    file, cache = tmp_path / "file", HashCache.open(tmp_path / "cache.json")
    file.write_bytes(b"one")
    before = file.stat()
    cache.remember(file, before, "0" * 64, time.time() + 60)
    time.sleep(0.02)

    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert hexdigest(b"two") == digest_file(file, cache)[1]


@pytest.mark.parametrize(
    "damage", [b"", b"\xff\xfe", b"[1]", b'{"x": 1}', b"[" * 100_000, b'{"x": "1 2"}']
)
def test_a_damaged_cache_is_empty_and_is_written_anew(tmp_path: Path, damage: bytes) -> None:
    file, kept = tmp_path / "x", tmp_path / "cache.json"
    file.write_bytes(b"x")
    kept.write_bytes(damage)
    cache = HashCache.open(kept)

    assert cache.lookup(file, file.stat()) is None

    cache.remember(file, file.stat(), "1" * 64, time.time() + 60)
    cache.save()
    assert "1" * 64 == HashCache.open(kept).lookup(file, file.stat())


def test_a_cache_that_cannot_be_written_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_bytes(b"")
    cache = HashCache.open(tmp_path / "blocked" / "cache.json")
    file = tmp_path / "file"
    file.write_bytes(b"x")
    cache.remember(file, file.stat(), "1" * 64, time.time() + 60)

    cache.save()

    assert "1" * 64 == cache.lookup(file, file.stat())


def test_two_caches_that_are_saved_keep_what_both_learned(tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    caches = [HashCache.open(tmp_path / "cache.json") for _ in files]
    for file, cache in zip(files, caches, strict=True):
        file.write_bytes(b"x")
        assert cache.lookup(file, file.stat()) is None
        cache.remember(file, file.stat(), "1" * 64, time.time() + 60)

    for cache in caches:
        cache.save()

    kept = HashCache.open(tmp_path / "cache.json")
    assert ["1" * 64] * 2 == [kept.lookup(file, file.stat()) for file in files]


def test_the_cache_forgets_the_oldest_when_it_is_full(tmp_path: Path) -> None:
    cache = HashCache.open(tmp_path / "cache.json")
    file = tmp_path / "x"
    file.write_bytes(b"x")
    seen = file.stat()
    for number in range(REMEMBERED + 1):
        cache.remember(tmp_path / str(number), seen, "1" * 64, time.time() + 60)

    cache.save()

    kept = HashCache.open(tmp_path / "cache.json")
    assert kept.lookup(tmp_path / "0", seen) is None
    assert "1" * 64 == kept.lookup(tmp_path / "1", seen)


def test_the_cache_lies_where_the_user_keeps_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert tmp_path / "mlops" == cache_folder()

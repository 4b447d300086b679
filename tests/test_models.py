"""Models that lie beside the file."""

from pathlib import Path

import pytest

from mlops.errors import SpecError, StaleError
from mlops.hashing import HashCache
from mlops.models.path import PathSource, Settings
from mlops.models.table import SOURCES
from mlops.models.url import UrlSource
from mlops.store.blobs import Blobs
from mlops.store.objects import open_store


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_file_is_pinned_and_opened_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "model.pkl").write_bytes(b"model")
    source = PathSource(Settings(path="outputs/model.pkl"), tmp_path)

    content = source.pin()

    assert ["model.pkl"] == [entry.path for entry in content.files]
    assert b"model" == source.open("model.pkl").read_bytes()


def test_a_model_is_looked_at_once_and_whoever_reads_it_sees_that_it_changed(
    tmp_path: Path,
) -> None:
    (tmp_path / "model.pkl").write_bytes(b"before")
    source = PathSource(Settings(path="model.pkl"), tmp_path)
    content = source.pin()
    (tmp_path / "model.pkl").write_bytes(b"after!")

    assert content == source.pin()
    blobs = Blobs(open_store("store", tmp_path), HashCache(None))
    with pytest.raises(StaleError):
        list(blobs.add_all(content.files, source.open))


def test_a_folder_is_pinned_and_opened_with_its_name_in_front(tmp_path: Path) -> None:
    (tmp_path / "outputs" / "deep").mkdir(parents=True)
    (tmp_path / "outputs" / "deep" / "a.bin").write_bytes(b"a")
    source = PathSource(Settings(path="./outputs/"), tmp_path)

    content = source.pin()

    assert ["outputs/deep/a.bin"] == [entry.path for entry in content.files]
    assert b"a" == source.open("outputs/deep/a.bin").read_bytes()


def test_a_link_to_a_file_is_called_by_the_name_of_the_link(tmp_path: Path) -> None:
    (tmp_path / "v3.pkl").write_bytes(b"three")
    (tmp_path / "current.pkl").symlink_to("v3.pkl")
    source = PathSource(Settings(path="current.pkl"), tmp_path)

    assert ["current.pkl"] == [entry.path for entry in source.pin().files]
    assert b"three" == source.open("current.pkl").read_bytes()


def test_the_folder_of_the_file_itself_can_be_the_model(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.bin").write_bytes(b"a")
    source = PathSource(Settings(path="."), tmp_path / "here")

    assert ["here/a.bin"] == [entry.path for entry in source.pin().files]
    assert b"a" == source.open("here/a.bin").read_bytes()


def test_a_missing_path_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        PathSource(Settings(path="nope.pkl"), tmp_path).pin()

    assert "the model's path `nope.pkl` does not exist" == caught.value.problems[0].summary
    assert caught.value.problems[0].hint


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty" / "within").mkdir(parents=True)

    with pytest.raises(SpecError) as caught:
        PathSource(Settings(path="empty"), tmp_path).pin()

    assert "the model's folder `empty` holds no file" == caught.value.problems[0].summary


def test_the_table_has_each_source_under_its_key() -> None:
    assert {"path": PathSource, "url": UrlSource} == dict(SOURCES)

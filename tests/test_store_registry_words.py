"""What the store is told of versions that it has: tags, aliases, deletion; and who races whom."""

import multiprocessing
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_models import LINEAGE, MODEL, FilesOf, made, seen, wanted

from mlops.artefacts import ModelVersion
from mlops.errors import SpecError
from mlops.hashing import content_of
from mlops.store.objects import Objects, open_store
from mlops.store.records import create_record
from mlops.store.registry import Registry, desired_model
from mlops.store.removal import delete_version
from mlops.store.words import describe, name_version, say_also
from mlops.values import Desired, Progress


@pytest.fixture
def objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Objects:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return open_store("store", tmp_path)


def version(objects: Objects, reference: str = "diabetes") -> ModelVersion:
    found = Registry(objects).version(reference)
    assert found is not None
    return found


def registered(objects: Objects, folder: Path, count: int, name: str = "diabetes") -> None:
    for number in range(1, count + 1):
        made(objects, wanted(folder, str(number).encode(), replace(MODEL, name=name)), folder)


def blobs(objects: Objects) -> int:
    return len(objects.list("blobs"))


def test_words_are_added_to_what_is_said_already(objects: Objects, tmp_path: Path) -> None:
    made(objects, wanted(tmp_path), tmp_path)

    describe(
        objects,
        version(objects),
        say_also({"tags": {"stage": "test"}, "properties": {"auc": "0.9"}}, {"team"}),
    )

    told = version(objects)
    assert {"a.b": "dotted", "stage": "test"} == dict(told.tags)
    assert {"trained_on": "diabetes", "auc": "0.9"} == dict(told.properties)
    assert ("a regression", MODEL.framework) == (told.description, told.framework)


def test_what_says_nothing_new_is_not_written(objects: Objects, tmp_path: Path) -> None:
    made(objects, wanted(tmp_path), tmp_path)
    before = objects.list("")

    describe(objects, version(objects), say_also({"tags": {"team": "blue"}}, {"gone"}))

    assert before == objects.list("")


def test_a_property_never_changes(objects: Objects, tmp_path: Path) -> None:
    made(objects, wanted(tmp_path), tmp_path)

    with pytest.raises(SpecError) as caught:
        describe(objects, version(objects), say_also({"properties": {"trained_on": "x"}}))

    assert "`trained_on` of `diabetes:1` is `diabetes`" in caught.value.problems[0].summary
    assert {"trained_on": "diabetes"} == dict(version(objects).properties)


def test_an_alias_means_one_version_and_may_move(objects: Objects, tmp_path: Path) -> None:
    registered(objects, tmp_path, 3)
    name_version(objects, "diabetes", "champion", 1)
    name_version(objects, "diabetes", "old", 1)

    name_version(objects, "diabetes", "champion", 2)

    found = Registry(objects).versions("diabetes")
    assert [("old",), ("champion",), ()] == [one.aliases for one in found]
    assert 2 == version(objects, "diabetes@champion").version
    assert Registry(objects).version("diabetes@nobody") is None


def test_an_alias_is_removed(objects: Objects, tmp_path: Path) -> None:
    registered(objects, tmp_path, 1)
    name_version(objects, "diabetes", "champion", 1)

    name_version(objects, "diabetes", "champion", None)

    assert () == version(objects).aliases


def test_an_alias_is_no_model(objects: Objects, tmp_path: Path) -> None:
    registered(objects, tmp_path, 1)
    name_version(objects, "ghost", "champion", 1)

    assert ("diabetes",) == Registry(objects).names()


def test_a_deleted_version_is_gone_and_its_number_is_never_used_again(
    objects: Objects, tmp_path: Path
) -> None:
    registered(objects, tmp_path, 2)
    name_version(objects, "diabetes", "champion", 2)

    freed = delete_version(objects, version(objects, "diabetes:2"), LINEAGE)

    registry = Registry(objects)
    assert (1, 1) == (freed, blobs(objects))
    assert [1] == [one.version for one in registry.versions("diabetes")]
    assert registry.version("diabetes@champion") is None
    assert 3 == registry.next_version("diabetes")
    assert "diabetes:3" == made(objects, wanted(tmp_path, b"2"), tmp_path).identity
    assert registry.version("diabetes@champion") is None


def test_a_model_whose_versions_are_all_deleted_has_no_name(
    objects: Objects, tmp_path: Path
) -> None:
    registered(objects, tmp_path, 1)

    delete_version(objects, version(objects), LINEAGE)

    assert () == Registry(objects).names()
    assert [] == seen(objects, wanted(tmp_path, b"1"))
    assert "diabetes:2" == made(objects, wanted(tmp_path, b"1"), tmp_path).identity


def test_bytes_that_another_model_needs_stay(objects: Objects, tmp_path: Path) -> None:
    registered(objects, tmp_path, 1)
    registered(objects, tmp_path, 1, name="other")

    freed = delete_version(objects, version(objects), LINEAGE)

    assert (0, 1) == (freed, blobs(objects))
    assert 1 == delete_version(objects, version(objects, "other"), LINEAGE)
    assert 0 == blobs(objects)


def test_bytes_that_are_code_of_the_history_stay(objects: Objects, tmp_path: Path) -> None:
    registered(objects, tmp_path, 1)
    digest = version(objects).content.files[0].digest
    code = {"source": "/score", "files": [{"path": "a.py", "size": 1, "digest": digest}]}
    begun = {"desired": [{"inputs": {"code": code, "models": []}}]}
    create_record(objects, "revisions/quickstart/1.begun.json", begun)

    assert 0 == delete_version(objects, version(objects), LINEAGE)
    assert 1 == blobs(objects)


def test_a_delete_that_was_cut_short_is_finished_by_the_next(
    objects: Objects, tmp_path: Path
) -> None:
    registered(objects, tmp_path, 1)
    create_record(objects, "models/diabetes/1.deleted.json", {})

    found = Registry(objects).deleted("diabetes", 1)

    assert found is not None
    assert 1 == delete_version(objects, found, LINEAGE)
    assert 0 == blobs(objects)
    assert Registry(objects).deleted("diabetes", 2) is None


def test_a_file_whose_size_is_not_known_gets_it_when_it_is_stored(
    objects: Objects, tmp_path: Path
) -> None:
    desired = unsized(tmp_path, b"five!")

    made(objects, desired, tmp_path)

    assert 5 == version(objects).content.size
    assert "version 1, size unknown until it is fetched, 1 file" == desired.summary
    assert desired.fields == seen(objects, desired)[0].fields


def test_bytes_that_the_store_has_are_not_fetched(objects: Objects, tmp_path: Path) -> None:
    registered(objects, tmp_path, 1, name="other")
    desired = unsized(tmp_path, b"1")
    (tmp_path / "model.pkl").unlink()

    made(objects, desired, tmp_path)

    assert 1 == version(objects).content.size


def unsized(folder: Path, data: bytes) -> Desired:
    file = folder / "model.pkl"
    file.write_bytes(data)
    known = content_of(file, cache=None)
    files = tuple(replace(entry, size=0) for entry in known.files)
    return desired_model(MODEL, replace(known, files=files), "diabetes:1")


def test_racing_processes_with_equal_content_make_one_version_and_lose_no_word(
    objects: Objects, tmp_path: Path
) -> None:
    runs = [(tmp_path, b"same", {f"p{number}": "x"}) for number in range(4)]

    found = raced(runs)

    assert {"diabetes:1"} == set(found)
    assert {"p0", "p1", "p2", "p3"} == set(version(objects).properties)
    assert 1 == len(Registry(objects).versions("diabetes"))


def test_racing_processes_with_different_content_get_a_number_each(
    objects: Objects, tmp_path: Path
) -> None:
    runs = [(tmp_path, str(number).encode(), {"p": str(number)}) for number in range(4)]

    found = raced(runs)

    assert {f"diabetes:{number}" for number in range(1, 5)} == set(found)
    for reference, (_, data, said) in zip(found, runs, strict=True):
        told = version(objects, reference)
        assert (data, said) == (read(objects, told), dict(told.properties))


def test_of_racing_processes_one_says_what_a_property_is(objects: Objects, tmp_path: Path) -> None:
    runs = [(tmp_path, b"same", {"auc": str(number)}) for number in range(4)]

    found = raced(runs)

    assert 1 == len([text for text in found if text == "diabetes:1"])
    assert 3 == len([text for text in found if "`auc` of `diabetes:1` is" in text])
    assert found[int(version(objects).properties["auc"])] == "diabetes:1"


def raced(runs: list[tuple[Path, bytes, dict[str, str]]]) -> list[str]:
    context = multiprocessing.get_context("spawn")  # a fork would share the client's threads
    with ProcessPoolExecutor(max_workers=len(runs), mp_context=context) as pool:
        return list(pool.map(run, runs))


def run(given: tuple[Path, bytes, dict[str, str]]) -> str:
    """Register a content as the command line does; return its number, or what is wrong."""
    root, data, properties = given
    folder = root / "-".join([*properties, *properties.values()])
    folder.mkdir()
    (folder / "model.pkl").write_bytes(data)
    objects = open_store("store", root)
    steps = Registry(objects).add(
        "diabetes", content_of(folder / "model.pkl", cache=None), FilesOf(folder)
    )
    made_version = ended(steps)
    try:
        describe(objects, made_version, say_also({"properties": properties}))
    except SpecError as error:
        return error.problems[0].summary
    return f"{made_version.name}:{made_version.version}"


def ended(steps: Generator[Progress, None, ModelVersion]) -> ModelVersion:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: ModelVersion = end.value
            return found


def read(objects: Objects, told: ModelVersion) -> bytes | None:
    return objects.read(f"blobs/sha256/{told.content.files[0].digest}")

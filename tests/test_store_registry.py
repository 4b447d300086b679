"""The models of the store."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_models import LINEAGE, MODEL, PLAIN, FilesOf, change, made, seen, wanted

from mlops.errors import StaleError, TargetError
from mlops.hashing import content_of
from mlops.plain import freeze
from mlops.protocols import ModelStore, Place
from mlops.spec import Framework, Model
from mlops.store.desired import model_address
from mlops.store.objects import Objects, open_store
from mlops.store.registry import Registry, desired_model
from mlops.values import Action, Change, Observed, Progress


@pytest.fixture
def objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Objects:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return open_store("store", tmp_path)


def test_an_unknown_model_is_not_observed_and_looking_makes_nothing(
    objects: Objects, tmp_path: Path
) -> None:
    desired = wanted(tmp_path)

    assert [] == seen(objects, desired)
    assert () == Registry(objects).versions("diabetes")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("model", [MODEL, PLAIN])
def test_a_registered_model_is_observed_as_it_was_wanted(
    model: Model, objects: Objects, tmp_path: Path
) -> None:
    desired = wanted(tmp_path, model=model)

    after = made(objects, desired, tmp_path)

    assert [after] == seen(objects, desired)
    assert desired.fields == after.fields
    assert ("diabetes:1", {"digest": "diabetes:1"}) == (after.identity, after.labels)


def test_a_desired_model_that_went_through_json_is_registered(
    objects: Objects, tmp_path: Path
) -> None:
    desired = wanted(tmp_path)
    frozen = replace(desired, fields=freeze(desired.fields), inputs=freeze(desired.inputs))

    assert frozen.fields == made(objects, frozen, tmp_path).fields


def test_storing_tells_how_far_it_is(objects: Objects, tmp_path: Path) -> None:
    desired = wanted(tmp_path)

    *steps, _ = Registry(objects).apply(change(desired), FilesOf(tmp_path))

    assert Progress(text="storing diabetes", done=5, total=5) == steps[-1]


def test_a_version_keeps_its_files_and_lineage(objects: Objects, tmp_path: Path) -> None:
    made(objects, wanted(tmp_path), tmp_path)

    version = Registry(objects).versions("diabetes")[0]

    assert ("diabetes", 1) == (version.name, version.version)
    assert ["model.pkl"] == [entry.path for entry in version.content.files]
    assert LINEAGE == version.lineage
    assert Framework(name="scikit-learn", version="1.9") == version.framework
    assert {"team": "blue", "a.b": "dotted"} == version.tags
    assert version.created.endswith("+00:00")


def test_equal_content_is_the_same_version(objects: Objects, tmp_path: Path) -> None:
    first = made(objects, wanted(tmp_path), tmp_path)
    files = objects.list("")

    assert first == made(objects, wanted(tmp_path), tmp_path)
    assert files == objects.list("")


def test_other_content_is_the_next_version_and_old_content_is_found_again(
    objects: Objects, tmp_path: Path
) -> None:
    for number in range(11):
        made(objects, wanted(tmp_path, str(number).encode()), tmp_path)

    assert ["diabetes:2"] == [thing.identity for thing in seen(objects, wanted(tmp_path, b"1"))]
    versions = Registry(objects).versions("diabetes")
    assert list(range(1, 12)) == [version.version for version in versions]


def test_a_reference_means_the_newest_or_a_numbered_version(
    objects: Objects, tmp_path: Path
) -> None:
    for data in (b"1", b"2"):
        made(objects, wanted(tmp_path, data), tmp_path)
    registry = Registry(objects)

    found = [registry.version(text) for text in ("diabetes", "diabetes:1", "diabetes:3", "other")]

    assert [2, 1, None, None] == [version and version.version for version in found]
    assert registry.version("diabetes:x") is None


def test_the_names_are_those_of_models_with_a_version(objects: Objects, tmp_path: Path) -> None:
    for name in ("b", "a.json", "a"):
        made(objects, wanted(tmp_path, model=replace(MODEL, name=name)), tmp_path)

    assert ("a", "a.json", "b") == Registry(objects).names()


def test_new_words_are_a_new_record_about_the_same_version(
    objects: Objects, tmp_path: Path
) -> None:
    before = made(objects, wanted(tmp_path), tmp_path)
    said = replace(MODEL, tags={"team": "red"}, framework=None, description="")
    desired = wanted(tmp_path, model=said)

    after = made(objects, desired, tmp_path)

    assert (before.identity, desired.fields) == (after.identity, after.fields)
    assert [after] == seen(objects, desired)
    assert (
        "models/diabetes/1.json",
        "models/diabetes/1/meta/1.json",
        "models/diabetes/1/meta/2.json",
    ) == objects.list("models")


def test_ten_records_about_a_version_are_counted_as_numbers(
    objects: Objects, tmp_path: Path
) -> None:
    for number in range(11):
        desired = wanted(tmp_path, model=replace(MODEL, tags={"n": str(number)}))
        made(objects, desired, tmp_path)

    assert {"n": "10"} == Registry(objects).versions("diabetes")[0].tags


def test_properties_are_added_and_never_lost(objects: Objects, tmp_path: Path) -> None:
    made(objects, wanted(tmp_path), tmp_path)
    desired = wanted(tmp_path, model=replace(MODEL, properties={"auc": "0.9"}))

    made(objects, desired, tmp_path)

    assert {"trained_on": "diabetes", "auc": "0.9"} == dict(
        Registry(objects).versions("diabetes")[0].properties
    )


def test_a_crash_before_the_words_were_recorded_is_an_update(
    objects: Objects, tmp_path: Path
) -> None:
    desired = wanted(tmp_path)
    made(objects, desired, tmp_path)
    (tmp_path / "store/models/diabetes/1/meta/1.json").unlink()

    assert [{"digest": desired.fields["digest"]}] == [
        dict(thing.fields) for thing in seen(objects, desired)
    ]
    assert desired.fields == made(objects, desired, tmp_path).fields


def test_a_version_whose_blob_was_removed_is_made_whole(objects: Objects, tmp_path: Path) -> None:
    desired = wanted(tmp_path)
    before = made(objects, desired, tmp_path)
    for blob in (tmp_path / "store" / "blobs" / "sha256").iterdir():
        blob.unlink()

    assert [] == seen(objects, desired)
    assert before == made(objects, desired, tmp_path)
    assert [before] == seen(objects, desired)


def test_a_file_that_changed_since_the_plan_registers_nothing(
    objects: Objects, tmp_path: Path
) -> None:
    desired = wanted(tmp_path)
    (tmp_path / "model.pkl").write_bytes(b"later")

    with pytest.raises(StaleError):
        made(objects, desired, tmp_path)

    assert () == Registry(objects).versions("diabetes")


def test_a_folder_is_registered_with_all_its_files(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "outputs" / "deep").mkdir(parents=True)
    for name in ("a", "deep/b"):
        (tmp_path / "outputs" / name).write_text(name)
    content = content_of(tmp_path / "outputs", cache=None, prefix="outputs")

    made(objects, desired_model(MODEL, content, "diabetes:1"), tmp_path)

    assert content == Registry(objects).versions("diabetes")[0].content


def test_racing_runs_with_equal_content_make_one_version(objects: Objects, tmp_path: Path) -> None:
    desired = wanted(tmp_path)

    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda _: made(objects, desired, tmp_path), range(8)))

    assert {"diabetes:1"} == {thing.identity for thing in found}
    assert 1 == len(Registry(objects).versions("diabetes"))


def test_racing_runs_with_different_content_get_a_number_each(
    objects: Objects, tmp_path: Path
) -> None:
    folders = [tmp_path / str(number) for number in range(8)]
    for folder in folders:
        folder.mkdir()

    def run(folder: Path) -> Observed:
        return made(objects, wanted(folder, folder.name.encode()), folder)

    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(run, folders))

    assert {f"diabetes:{number}" for number in range(1, 9)} == {thing.identity for thing in found}


def test_a_delete_leaves_the_model_registered(objects: Objects, tmp_path: Path) -> None:
    desired = wanted(tmp_path)
    before = made(objects, desired, tmp_path)
    delete = Change(address=desired.address, action=Action.DELETE, reason="", before=before)

    steps: Iterator[object] = Registry(objects).apply(delete, FilesOf(tmp_path))

    assert [] == list(steps)
    assert [before] == seen(objects, desired)


def test_a_damaged_record_is_told_by_its_path(objects: Objects, tmp_path: Path) -> None:
    desired = wanted(tmp_path)
    made(objects, desired, tmp_path)
    for text in (b"", b"[]", b"{}", b'{"digest": 1, "files": [1]}'):
        (tmp_path / "store/models/diabetes/1.json").write_bytes(text)

        with pytest.raises(TargetError) as caught:
            seen(objects, desired)

        assert "`models/diabetes/1.json`" in caught.value.problems[0].summary


def test_the_registry_is_a_place_and_a_model_store(objects: Objects) -> None:
    place: Place = Registry(objects)
    store: ModelStore = Registry(objects)

    health = place.health(model_address("diabetes"))
    assert (1, 0, 1) == (health.ready, health.failed, health.total)
    assert () == store.versions("diabetes")

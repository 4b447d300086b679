"""What the store shall hold for a model."""

from pathlib import Path

from make import model_version
from store_models import MODEL, PLAIN, wanted

from mlops.artefacts import FileEntry
from mlops.hashing import content_of
from mlops.store.desired import chosen, desired_model


def test_what_a_model_shall_be_is_said_in_fields_inputs_and_words(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1200)
    content = content_of(tmp_path / "a", cache=None)

    desired = desired_model(MODEL, content, "diabetes:2")

    assert {
        "digest": content.digest,
        "framework.name": "scikit-learn",
        "framework.version": "1.9",
        "tags.team": "blue",
        "tags.a.b": "dotted",
        "properties.trained_on": "diabetes",
        "description": "a regression",
    } == dict(desired.fields)
    assert ({"path": "a", "size": 1200, "digest": content.files[0].digest},) == desired.inputs[
        "files"
    ]
    assert {"digest": "diabetes:2"} == desired.labels
    assert "version 2, 1.2 kB, 1 file" == desired.summary
    assert "store/model/diabetes" == str(desired.address)


def test_what_is_not_said_of_a_model_is_no_field(tmp_path: Path) -> None:
    assert ["digest"] == list(wanted(tmp_path, model=PLAIN).fields)


def test_a_reference_chooses_by_age_number_or_alias() -> None:
    versions = [model_version(version=2, aliases=("old",)), model_version(version=10)]

    found = [chosen(versions, f"diabetes{end}") for end in ("", ":2", ":1", "@old", "@new")]

    assert [10, 2, None, 2, None] == [one and one.version for one in found]
    assert chosen([], "diabetes") is None


def test_only_the_file_without_bytes_has_a_known_size_of_nothing() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    sizes = [
        FileEntry(path="a", size=size, digest=digest)
        for size, digest in ((0, empty), (0, "a" * 64), (1, "a" * 64))
    ]

    assert [False, True, False] == [entry.unsized for entry in sizes]

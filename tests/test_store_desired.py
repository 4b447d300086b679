"""What the store shall hold for a model."""

from pathlib import Path

import pytest
from store_models import MODEL, PLAIN, wanted

from mlops.hashing import content_of
from mlops.store.desired import amount, desired_model


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


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 B"), (999, "999 B"), (1200, "1.2 kB"), (999_600, "1 MB"), (314_572_800, "315 MB")],
)
def test_an_amount_is_written_for_people(size: int, expected: str) -> None:
    assert expected == amount(size)

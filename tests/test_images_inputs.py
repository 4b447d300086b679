"""What goes into an image names it: the same everywhere, and nothing else."""

import json
from typing import Any

import make
import pytest
from msgspec.structs import replace

from mlops.images.inputs import ImageInputs, ImageModel, inputs_of, inputs_record
from mlops.plain import canonical, freeze


def inputs(**given: Any) -> ImageInputs:
    defaults: dict[str, Any] = {
        "base": "python:3.11-slim",
        "platform": "linux/amd64",
        "python": "3.11",
        "requirements": ("numpy==1.26.4", "scikit-learn==1.9"),
        "server": "0.1.0",
        "code": make.content("c"),
        "entry_script": "score.py",
        "source": "/checkout/score",
        "models": (
            ImageModel(name="diabetes", content=make.content("a")),
            ImageModel(name="other", content=make.content("b")),
        ),
    }
    return ImageInputs(**{**defaults, **given})


def test_inputs_travel_as_plain_json() -> None:
    written = inputs(conda="dependencies: [gdal]", steps="RUN true", lock=make.digest("l"))

    read = inputs_of(freeze(json.loads(canonical(inputs_record(written)))))

    assert written == read


@pytest.mark.parametrize(
    "changed",
    [
        {"base": "python:3.12-slim"},
        {"platform": "linux/arm64"},
        {"python": "3.10"},
        {"requirements": ("numpy==1.26.4",)},
        {"conda": "dependencies: [gdal]"},
        {"steps": "RUN true"},
        {"lock": make.digest("l")},
        {"server": "0.2.0"},
        {"code": make.content("d")},
        {"entry_script": "other.py"},
        {"models": ()},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_each_input_names_another_image(changed: dict[str, Any]) -> None:
    assert inputs().digest != inputs(**changed).digest


def test_the_place_of_the_code_and_the_order_of_lists_name_no_other_image() -> None:
    given = inputs()

    elsewhere = replace(
        given,
        source="/home/else/score",
        requirements=given.requirements[::-1],
        models=given.models[::-1],
    )

    assert given.digest == elsewhere.digest


def test_the_tag_is_one_that_registries_take() -> None:
    assert inputs().tag.isalnum()
    assert len(inputs().tag) == 64

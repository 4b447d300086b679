"""The layers of an image, put together without an engine."""

from pathlib import Path

from image_means import ImageMeans, image_inputs
from msgspec.structs import replace

from mlops.images.base import Base, Facts
from mlops.images.inputs import ImageInputs
from mlops.images.layers import chunks
from mlops.images.parts import drafting
from mlops.images.resolution import Resolution


def test_a_file_whose_size_nobody_knew_yet_is_laid_whole(tmp_path: Path) -> None:
    inputs = image_inputs(tmp_path, "python:3.11-slim")
    (model,) = inputs.models
    files = tuple(replace(entry, size=0) for entry in model.content.files)
    unsized = replace(model, content=replace(model.content, files=files))

    laid = model_layer(replace(inputs, models=(unsized,)), tmp_path)

    assert laid == model_layer(inputs, tmp_path)
    assert b"first" in laid


def model_layer(inputs: ImageInputs, folder: Path) -> bytes:
    """Return the tar of the last layer."""
    facts = Facts(python="/usr/bin/python3", version="3.11", glibc="2.36", platform="linux/amd64")
    base = Base(digest=f"sha256:{'0' * 64}", facts=facts)
    resolved = Resolution(base=base, packages="", server="")
    *_, draft = drafting(inputs, resolved, ImageMeans(folder))
    return b"".join(chunks(draft))

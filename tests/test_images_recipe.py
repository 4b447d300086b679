"""Dockerfiles, in exact text; what lies beside them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from image_means import image_inputs

from mlops.artefacts import Content
from mlops.environments.conda.asked import asked_text
from mlops.errors import SpecError
from mlops.images.context import Packages, context
from mlops.images.inputs import ImageInputs
from mlops.images.recipe import recipe

Golden = Callable[[str, str], None]


def found(folder: Path, inputs: ImageInputs) -> Callable[[Content], dict[str, Path]]:
    def places(content: Content) -> dict[str, Path]:
        root = folder / ("score" if content == inputs.code else "models/one")
        return {entry.path: root / entry.path for entry in content.files}

    return places


def test_a_recipe_goes_from_what_seldom_changes_to_what_often_does(
    tmp_path: Path, golden: Golden
) -> None:
    inputs = image_inputs(tmp_path, "python:3.11-slim", requirements=("flask==3.0.3",))

    golden("recipe.dockerfile", recipe(inputs))


def test_extra_steps_come_before_the_packages_that_may_need_them(
    tmp_path: Path, golden: Golden
) -> None:
    steps = "# numbers\nRUN apt-get update && apt-get install -y libgomp1\n"
    inputs = image_inputs(tmp_path, "registry.example/base@sha256:12", steps=steps, models=())

    golden("recipe_steps.dockerfile", recipe(inputs, locked=True))


def test_conda_packages_and_a_python_for_the_server_are_laid_out_where_they_will_lie(
    tmp_path: Path, golden: Golden
) -> None:
    inputs = image_inputs(
        tmp_path,
        "debian:13-slim",
        python="3.8",
        conda=asked_text(["conda-forge"], ["gdal", "python=3.8"]),
        requirements=("flask==3.0.3",),
    )

    golden("recipe_conda.dockerfile", recipe(inputs, locked=True))


def test_what_conda_brings_is_packaged_only_as_it_is_locked(tmp_path: Path) -> None:
    inputs = image_inputs(
        tmp_path, "debian:13-slim", conda=asked_text(["conda-forge"], ["gdal", "python=3.11"])
    )

    with pytest.raises(SpecError, match="not locked"):
        list(context(inputs, {}, found(tmp_path, inputs)))


def test_a_context_holds_what_its_recipe_copies(tmp_path: Path) -> None:
    inputs = image_inputs(tmp_path, "python:3.11-slim", requirements=("flask==3.0.3",))

    files = dict(context(inputs, {"service": "diabetes"}, found(tmp_path, inputs)))

    hexadecimal = inputs.models[0].content.digest.removeprefix("sha256:")
    assert recipe(inputs).encode() == files["Dockerfile"]
    assert files["requirements.txt"] == b"flask==3.0.3\n"
    assert tmp_path / "score" / "score.py" == files["code/score.py"]
    assert tmp_path / "models" / "one" / "model.txt" == files[f"models/{hexadecimal}/model.txt"]
    assert "server/mlops_serving/__main__.py" in files
    copied = {line.split()[-2] for line in recipe(inputs).splitlines() if line.startswith("COPY")}
    assert copied == {name.partition("/")[0] for name in files} - {"Dockerfile"}


def test_locked_lists_are_written_as_they_are_and_held_to_their_hashes(tmp_path: Path) -> None:
    inputs = image_inputs(tmp_path, "python:3.11-slim", requirements=("flask==3.0.3",))
    locked = Packages(code="flask==3.0.3 --hash=sha256:1\n", server="uvloop==1 --hash=sha256:2\n")

    files = dict(context(inputs, {}, found(tmp_path, inputs), locked))

    assert locked.code.encode() == files["requirements.txt"]
    assert locked.server.encode() == files["server/requirements.txt"]
    assert bytes(files["Dockerfile"]).count(b"--require-hashes --no-deps") == 2

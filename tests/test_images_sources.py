"""Wheels that were built from source: everybody gets the same, whoever has an engine."""

import zipfile
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest
from image_means import ImageMeans
from source_package import source
from test_images_inputs import inputs

from mlops.artefacts import Content
from mlops.environments.built import built_lock
from mlops.environments.uv import WheelError
from mlops.errors import TargetError
from mlops.hashing import content_of
from mlops.images.base import Base, Facts
from mlops.images.environment import environment_draft
from mlops.images.inputs import ImageInputs
from mlops.images.parts import built_files
from mlops.images.resolution import Resolution, built_path, resolution
from mlops.protocols import Means
from mlops.store.blobs import Blobs
from mlops.store.objects import open_store
from mlops.values import Progress

FACTS = Facts(
    python="/usr/local/bin/python3.11", version="3.11", glibc="2.36", platform="linux/amd64"
)
BASE = Base(digest="sha256:1", facts=FACTS)
NAME = "tiny_source-1.0-py3-none-linux_x86_64.whl"
INFO = "tiny_source-1.0.dist-info"


class StoringMeans(ImageMeans):
    """Means whose store keeps code too."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._blobs = Blobs(open_store(str(folder / "store"), folder))

    def code_files(self, content: Content, source: Path) -> Mapping[str, Path]:
        missing = [entry for entry in content.files if not self._blobs.holds(entry)]
        for _ in self._blobs.add_all(missing, lambda path: source / path):
            pass
        return {entry.path: self._blobs.path(entry.digest) for entry in content.files}


def wheel(folder: Path) -> Content:
    """Write a wheel into a folder; return what is in there."""
    folder.mkdir()
    files = {
        "tiny_source.py": "BUILT = True\n",
        f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: tiny-source\nVersion: 1.0\n",
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-linux_x86_64\n",
        f"{INFO}/RECORD": "",
    }
    files[f"{INFO}/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(folder / NAME, "w") as out:
        for name, text in files.items():
            out.writestr(name, text)
    return content_of(folder, cache=None)


def lock_of(made: Content) -> str:
    told = {"name": "tiny-source", "version": "1.0", "url": "file:///tmp/tiny.tar.gz", "sha256": ""}
    return built_lock("3.11", [told], made.files)


def look() -> Iterator[Progress | Base]:
    yield BASE


def ended(steps: Iterator[Progress | Resolution]) -> Resolution:
    return next(step for step in steps if isinstance(step, Resolution))


def given() -> ImageInputs:
    return inputs(requirements=("tiny-source==1.0",), models=())


def test_what_was_built_once_is_found_without_an_engine_and_lies_in_the_layer(
    tmp_path: Path,
) -> None:
    means = StoringMeans(tmp_path)
    made = wheel(tmp_path / "wheels")
    lock = lock_of(made)
    means.code_files(made, tmp_path / "wheels")
    means.keep(built_path(given(), BASE), {"packages": lock})
    (tmp_path / "wheels" / NAME).unlink()

    found = ended(resolution(given(), look, means))

    assert lock == found.packages
    draft = environment_draft(lock, FACTS, lambda: built_files(lock, means))
    names = [member.path.rpartition("/")[2] for member in draft.members]
    assert "tiny_source.py" in names


def test_another_base_has_another_build() -> None:
    other = Base(digest="sha256:2", facts=FACTS)

    assert built_path(given(), BASE) != built_path(given(), other)
    assert built_path(given(), BASE) == built_path(given(), BASE)


def test_a_wheel_that_the_store_lost_is_named(tmp_path: Path) -> None:
    lock = lock_of(wheel(tmp_path / "wheels"))

    with pytest.raises(TargetError, match=NAME):
        built_files(lock, StoringMeans(tmp_path))
    assert {} == dict(built_files("# locked for Python 3.11\n", StoringMeans(tmp_path)))


@pytest.mark.parametrize("engine", [True, False])
def test_only_an_engine_builds_what_has_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, engine: bool
) -> None:
    source(tmp_path)
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    means, asked = StoringMeans(tmp_path), inputs(requirements=("mlops-tiny-source",), models=())

    def build(_: ImageInputs, base: Base, __: Means) -> Generator[Progress, None, str]:
        yield Progress(text="building")
        return f"built upon {base.digest}\n"

    if engine:
        assert "built upon sha256:1\n" == ended(resolution(asked, look, means, build)).packages
    else:
        with pytest.raises(WheelError) as caught:
            list(resolution(asked, look, means))
        assert "an image needs an engine" in caught.value.problems[0].hint

"""Means over a real store in a folder, and the inputs of an image whose files are in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fakes import NoMeans

from mlops.artefacts import Content
from mlops.code import code_of
from mlops.hashing import HashCache, content_of
from mlops.images.inputs import ImageInputs, ImageModel
from mlops.spec import Fields
from mlops.store.objects import open_store
from mlops.store.records import create_record, read_record

SCRIPT = """
import json, os
def init():
    global model
    path = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")
    with open(path) as file:
        model = file.read()
def run(data):
    return {"model": model, "data": json.loads(data)}
"""


class ImageMeans(NoMeans):
    """Means that find files where they were written, and keep records in a store."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._objects = open_store(str(folder / "store"), folder)

    def code_files(self, content: Content, source: Path) -> Mapping[str, Path]:
        return {entry.path: source / entry.path for entry in content.files}

    def model_files(self, content: Content) -> Mapping[str, Path]:
        roots = list((self._folder / "models").iterdir())
        root = roots[0]
        if len(roots) > 1:
            found = {content_of(path, cache=None).digest: path for path in roots}
            root = found[content.digest]
        return {entry.path: root / entry.path for entry in content.files}

    def recall(self, path: str) -> Fields | None:
        record: Fields | None = read_record(self._objects, path)
        return record

    def keep(self, path: str, record: Fields) -> Fields:
        create_record(self._objects, path, record)
        return self.recall(path) or record


def image_inputs(folder: Path, base: str, **given: Any) -> ImageInputs:
    """Return the inputs of an image with one model and one script, which are written."""
    code, model = folder / "score", folder / "models" / "one"
    if not code.exists():
        code.mkdir(parents=True)
        (code / "score.py").write_text(SCRIPT)
        model.mkdir(parents=True)
        (model / "model.txt").write_text("first")
    defaults: dict[str, Any] = {
        "base": base,
        "platform": "linux/amd64",
        "python": "3.11",
        "server": "0.1.0",
        "code": code_of(code, HashCache(None)),
        "entry_script": "score.py",
        "source": str(code),
        "models": (ImageModel(name="diabetes", content=content_of(model, cache=None)),),
    }
    return ImageInputs(**{**defaults, **given})

"""What the tests of the store's models start from: a model, its file, and means that know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from mlops.artefacts import Content, ModelVersion
from mlops.errors import Where
from mlops.hashing import content_of
from mlops.means import OwnLease
from mlops.spec import Environment, Fields, Framework, Model, SecretRef
from mlops.store.objects import Objects
from mlops.store.registry import Registry, desired_model
from mlops.values import Action, Address, Change, Desired, Observed, Progress

LINEAGE: Fields = {"commit": "c0ffee", "who": "Ada", "dirty": False}


@dataclass(frozen=True)
class FilesOf:
    """Means that know where the files of a model lie, and nothing else."""

    folder: Path
    lease: OwnLease = field(default_factory=OwnLease)

    @property
    def lineage(self) -> Fields:
        return LINEAGE

    def healthy(self, address: Address) -> Desired | None:
        raise NotImplementedError

    def model_source(self, model: str, path: str) -> Path:
        del model
        return self.folder / path

    def registered(self, model: str, digest: str) -> ModelVersion:
        raise NotImplementedError

    def model_files(self, content: Content) -> Mapping[str, Path]:
        raise NotImplementedError

    def code_files(self, content: Content, source: Path) -> Mapping[str, Path]:
        raise NotImplementedError

    def lock(self, environment: Environment) -> Path:
        raise NotImplementedError

    def recall(self, path: str) -> Fields | None:
        raise NotImplementedError

    def keep(self, path: str, record: Fields) -> Fields:
        raise NotImplementedError

    def secret(self, ref: SecretRef) -> str:
        raise NotImplementedError

    def key(self, address: Address, slot: str, generation: int) -> str:
        raise NotImplementedError

    def masked(self, text: str) -> str:
        return text


MODEL = Model(
    name="diabetes",
    source="path",
    settings=None,
    framework=Framework(name="scikit-learn", version="1.9"),
    tags={"team": "blue", "a.b": "dotted"},
    properties={"trained_on": "diabetes"},
    description="a regression",
    where=Where(file="mlops.yaml", line=1, column=1),
)
PLAIN = replace(MODEL, framework=None, tags={}, properties={}, description="")


def wanted(folder: Path, data: bytes = b"model", model: Model = MODEL) -> Desired:
    file = folder / "model.pkl"
    file.write_bytes(data)
    return desired_model(model, content_of(file, cache=None), f"{model.name}:1")


def change(desired: Desired) -> Change:
    return Change(address=desired.address, action=Action.CREATE, reason="", after=desired)


def made(objects: Objects, desired: Desired, folder: Path) -> Observed:
    *steps, last = Registry(objects).apply(change(desired), FilesOf(folder))
    assert isinstance(last, Observed)
    assert all(isinstance(step, Progress) for step in steps)
    return last


def seen(objects: Objects, desired: Desired) -> list[Observed]:
    return list(Registry(objects).observe([desired]))

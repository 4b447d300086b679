"""What a spec comes to: properties of registered models, versions that are not there."""

from pathlib import Path

import make
import pytest
from fakes import MemoryTarget

from mlops.artefacts import ModelVersion
from mlops.errors import SpecError
from mlops.models.path import PathSource
from mlops.models.path import Settings as PathSettings
from mlops.resolve import resolve
from mlops.spec import Model
from mlops.values import Desired


class Registered:
    """A store that holds one version of each model, whatever it is asked for."""

    def __init__(self, *versions: ModelVersion) -> None:
        self._versions = versions

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        return tuple(version for version in self._versions if version.name == name)

    def next_version(self, name: str) -> int:
        return len(self.versions(name)) + 1


def wanted(folder: Path, model: Model, *versions: ModelVersion) -> dict[str, Desired]:
    """Resolve a spec of one model and no deployment, against what is registered."""
    spec = make.spec(models={model.name: model}, inference={}, targets={}, deployments={})
    sources = {model.name: PathSource(PathSettings(path="model.pkl"), folder)}
    things = resolve(spec, Registered(*versions), {"here": MemoryTarget()}, sources)
    return {thing.address.name: thing for thing in things}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.pkl").write_bytes(b"model")
    return tmp_path


def same(folder: Path, **given: object) -> ModelVersion:
    """Return the registered version of the model in the folder."""
    content = PathSource(PathSettings(path="model.pkl"), folder).pin()
    return make.model_version("diabetes", **{"content": content, **given})


def test_a_property_that_only_the_store_knows_is_kept(folder: Path) -> None:
    registered = same(folder, properties={"auc": "0.9"})
    model = make.model("diabetes", properties={"trained_on": "diabetes"})

    fields = wanted(folder, model, registered)["diabetes"].fields

    assert "0.9" == fields["properties.auc"]
    assert "diabetes" == fields["properties.trained_on"]


def test_a_property_that_is_registered_can_not_change(folder: Path) -> None:
    registered = same(folder, properties={"auc": "0.9"})
    model = make.model("diabetes", properties={"auc": "0.8"})

    with pytest.raises(SpecError) as refused:
        wanted(folder, model, registered)

    assert ["property `auc` of `diabetes:1` is `0.9` for good"] == [
        problem.summary for problem in refused.value.problems
    ]


def test_other_content_is_the_next_version(folder: Path) -> None:
    registered = same(folder)
    (folder / "model.pkl").write_bytes(b"another")

    labels = wanted(folder, make.model("diabetes"), registered)["diabetes"].labels

    assert {"digest": "diabetes:2"} == dict(labels)

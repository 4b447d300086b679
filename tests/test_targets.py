"""The conformance ladder: every row of the table of targets climbs it, on the real thing."""

import contextlib
import io
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import Any

import docker_engine
import make
import pytest
from brought_image import brought as brought_upon
from fakes import MemoryRecords, MemoryTarget, NoMeans
from msgspec.structs import replace
from walk import STARTER, free_port, processes

from mlops.artefacts import Content, ModelVersion, PinnedModel, Pins
from mlops.brought import Brought, inference_of
from mlops.carry_out import carry_out
from mlops.code import code_of
from mlops.environments.lock import compile_lock
from mlops.errors import TargetError
from mlops.events import Done
from mlops.hashing import HashCache, content_of
from mlops.protocols import Means, Target, World
from mlops.services import Serving
from mlops.spec import Environment, Fields, Inference
from mlops.survey import survey
from mlops.targets.docker.settings import ServiceSettings as DockerService
from mlops.targets.docker.settings import Settings as DockerSettings
from mlops.targets.docker.target import DockerTarget
from mlops.targets.process.settings import ServiceSettings, Settings
from mlops.targets.process.target import ProcessTarget
from mlops.targets.table import TARGETS
from mlops.values import Desired

STEPS = 4
"""A change is cut short after each number of steps below this."""


class FileMeans(NoMeans):
    """Means that find the files of one model and of the code where they were written."""

    def __init__(self, folder: Path, model: PinnedModel) -> None:
        super().__init__()
        self._folder = folder
        self._model = model
        self._kept: dict[str, Fields] = {}

    def recall(self, path: str) -> Fields | None:
        return self._kept.get(path)

    def keep(self, path: str, record: Fields) -> Fields:
        return self._kept.setdefault(path, record)

    def registered(self, model: str, digest: str) -> ModelVersion:
        assert (self._model.name, self._model.content.digest) == (model, digest)
        return make.model_version(model, content=self._model.content)

    def model_files(self, content: Content) -> Mapping[str, Path]:
        return {entry.path: self._folder / "model" / entry.path for entry in content.files}

    def code_files(self, content: Content, source: Path) -> Mapping[str, Path]:
        return {entry.path: source / entry.path for entry in content.files}

    def lock(self, environment: Environment) -> Path:
        path = self._folder / "lock.txt"
        path.write_text(compile_lock(environment), encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A target to climb: what is wanted on each rung, and what the platform does of itself."""

    target: Target
    means: Means
    made: tuple[Desired, ...]
    changed: tuple[Desired, ...]
    replaced: tuple[Desired, ...]
    meddle: Callable[[], object]
    living: Callable[[], int]
    """How many services live, told by the platform itself."""

    def world(self) -> World:
        """Return a world of this target alone, without records."""
        place = self.made[0].address.place
        return World(project="p", store="s", places={place: self.target}, records=MemoryRecords())


def memory(_: Path) -> Row:
    target = MemoryTarget()

    def wanted(**fields: Any) -> tuple[Desired, ...]:
        base = make.desired("here/base/b", fields={"digest": "x"})
        given = {"port": 1, "tags.a": "1", "region": "west", **fields}
        needs = (base.address,)
        return (base, make.desired("here/service/diabetes", fields=given, needs=needs))

    def meddle() -> None:
        for address, thing in target.things.items():
            target.things[address] = replace(thing, state="scaled", labels={"port": "one"})

    return Row(
        target=target,
        means=NoMeans(),
        made=wanted(),
        changed=wanted(**{"tags.a": "2"}),
        replaced=wanted(region="north"),
        meddle=meddle,
        living=lambda: sum(address.kind == "service" for address in target.things),
    )


def process(folder: Path) -> Row:
    for part in ("model", "score"):
        shutil.copytree(STARTER / part, folder / part)
    file = str(folder / "mlops.yaml")
    owner = make.owner(root=str(folder), files=(file,))
    target = ProcessTarget("laptop", Settings(), folder, owner)
    cache = HashCache.open()
    model = make.pinned(content=content_of(folder / "model", cache=cache))
    pins = Pins(
        models=(model,), code=code_of(folder / "score", cache), inference=_inference(folder)
    )
    port = free_port()

    def wanted(timeout: str = "300s", **given: Any) -> tuple[Desired, ...]:
        settings = ServiceSettings(port=port, serving=Serving(timeout=timeout))
        where = make.where(file=file)
        return target.desire(make.deployment(settings=settings, where=where, **given), pins)

    def meddle() -> None:
        services = folder / ".mlops" / "targets" / "laptop" / "services"
        (services / "diabetes" / "notes.txt").write_text("somebody's")
        (services / "diabetes" / "code" / "__pycache__").mkdir(exist_ok=True)

    return Row(
        target=target,
        means=FileMeans(folder, model),
        made=wanted(),
        changed=wanted(tags={"team": "research"}),
        replaced=wanted(timeout="10s"),
        meddle=meddle,
        living=lambda: len(processes(folder)) // 2,
    )


def docker(folder: Path) -> Row:
    for part in ("model", "score"):
        shutil.copytree(STARTER / part, folder / part)
    file = str(folder / "mlops.yaml")
    owner = make.owner(project=folder.parent.name, root=str(folder), files=(file,))
    target = DockerTarget("engine", DockerSettings(), folder, owner)
    cache = HashCache.open()
    model = make.pinned(content=content_of(folder / "model", cache=cache))
    inference = replace(_inference(folder), base_image=(folder / "base").read_text())
    pins = Pins(models=(model,), code=code_of(folder / "score", cache), inference=inference)
    port = free_port()

    def wanted(timeout: str = "300s", **given: Any) -> tuple[Desired, ...]:
        settings = DockerService(port=port, serving=Serving(timeout=timeout))
        where = make.where(file=file)
        return target.desire(make.deployment(settings=settings, where=where, **given), pins)

    def meddle() -> None:
        (main,) = docker_engine.containers(owner.project)
        docker_engine.client().put_archive(main["Id"], "/var/azureml-app", _tar("notes.txt"))

    return Row(
        target=target,
        means=FileMeans(folder, model),
        made=wanted(),
        changed=wanted(tags={"team": "research"}),
        replaced=wanted(timeout="10s"),
        meddle=meddle,
        living=lambda: sum(
            one["State"] == "running" for one in docker_engine.containers(owner.project)
        ),
    )


def brought(folder: Path) -> Row:
    """Return the row of an image of somebody's own, which makes no image and serves no model."""
    file = str(folder / "mlops.yaml")
    owner = make.owner(project=folder.parent.name, root=str(folder), files=(file,))
    target = DockerTarget("engine", DockerSettings(), folder, owner)
    image = Brought(reference=(folder / "base").read_text(), port=8080, ready="/health")
    port = free_port()

    def wanted(level: str = "1", **given: Any) -> tuple[Desired, ...]:
        told = replace(image, environment_variables={"LEVEL": level})
        deployment = make.deployment(
            settings=DockerService(port=port, image=told), where=make.where(file=file), **given
        )
        pins = Pins(models=(), code=make.content(), inference=inference_of(deployment))
        return target.desire(deployment, pins)

    def meddle() -> None:
        (main,) = docker_engine.containers(owner.project)
        docker_engine.client().put_archive(main["Id"], "/data", _tar("notes.txt"))

    return Row(
        target=target,
        means=NoMeans(),
        made=wanted(),
        changed=wanted(tags={"team": "research"}),
        replaced=wanted(level="2"),
        meddle=meddle,
        living=lambda: sum(
            one["State"] == "running" for one in docker_engine.containers(owner.project)
        ),
    )


def _tar(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def _inference(folder: Path) -> Inference:
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return make.inference(
        source_directory=str(folder / "score"),
        environment=make.environment(python=python, requirements=()),
    )


ROWS = {"memory": memory, "process": process, "docker": docker, "brought": brought}
IMAGES = {"docker": "base_image", "brought": "brought_image"}
"""The image that a row is made upon, by its fixture."""


@pytest.fixture(scope="session")
def base_image() -> Iterator[str]:
    with docker_engine.base() as name:
        yield name


@pytest.fixture(scope="session")
def brought_image(base_image: str) -> Iterator[str]:
    with brought_upon(base_image) as name:
        yield name


@pytest.fixture(params=ROWS)
def row(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Row]:
    image = IMAGES.get(request.param)
    base = request.getfixturevalue(image) if image else ""
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = docker_engine.project()
    folder = tmp_path.resolve() / project / "work"
    folder.mkdir(parents=True)
    (folder / "base").write_text(base)
    try:
        yield ROWS[request.param](folder)
    finally:
        if base:
            docker_engine.clean(project)
        for left in processes(folder):
            with contextlib.suppress(Exception):
                left.kill()


def climb(row: Row, at: World, wanted: tuple[Desired, ...]) -> None:
    """Carry out a plan, and see that nothing is left to do."""
    agreed = survey(at, wanted)
    events = list(carry_out(at, agreed, row.means, Flag()))
    done = [event.address for event in events if isinstance(event, Done)]
    assert sorted(change.address for change in agreed.pending) == sorted(done), events
    assert survey(at, wanted).pending == ()


def test_every_kind_of_target_climbs() -> None:
    assert set(TARGETS) <= set(ROWS)


def test_make_change_replace_remove_each_leave_nothing_to_do(row: Row) -> None:
    at = row.world()

    for wanted in (row.made, row.changed, row.replaced):
        climb(row, at, wanted)
        assert row.living() == 1
    climb(row, at, ())

    assert row.living() == 0
    assert tuple(row.target.observe(())) == ()


def test_cut_short_anywhere_and_run_again_converges(row: Row) -> None:
    at = row.world()

    for wanted in (row.made, row.changed, row.replaced, ()):
        for steps in range(1, STEPS):
            cut_short(row, at, wanted, steps)
        climb(row, at, wanted)
        assert row.living() == (1 if wanted else 0)


def cut_short(row: Row, at: World, wanted: tuple[Desired, ...], steps: int) -> None:
    """Begin every change of a plan, and leave each after some steps."""
    for change in survey(at, wanted).pending:
        with (
            contextlib.suppress(TargetError),  # what it needs was cut short as well
            contextlib.closing(iter_of(row.target.apply(change, row.means))) as making,
        ):
            for _ in zip(range(steps), making, strict=False):
                pass


def iter_of(steps: Iterator[Any]) -> Any:
    """Return the generator that it is, which can be closed."""
    return steps


def test_what_the_platform_adds_is_nothing_to_do(row: Row) -> None:
    at = row.world()
    climb(row, at, row.made)

    row.meddle()

    assert survey(at, row.made).pending == ()


def test_a_record_that_is_lost_changes_no_plan(row: Row) -> None:
    climb(row, row.world(), row.made)

    fresh = row.world()

    assert survey(fresh, row.made).pending == ()
    climb(row, fresh, row.changed)

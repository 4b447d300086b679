"""Spec -> Desired: pins models and code by content, and asks the targets what they would make.

Resolves no dependencies and runs nothing of the checkout.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from mlops.artefacts import Content, ModelVersion, PinnedModel, Pins
from mlops.bounds import code_bounds
from mlops.brought import brought_by, inference_of
from mlops.code import code_of
from mlops.errors import MlopsError, Problem, SpecError
from mlops.hashing import HashCache, content
from mlops.keys import Generations
from mlops.plain import NOTHING
from mlops.protocols import ModelSource, ModelStore, Target
from mlops.settings import reference_parts
from mlops.spec import Deployment, Framework, Inference, Model, Spec
from mlops.store.desired import chosen
from mlops.store.registry import desired_model
from mlops.uncoded import uncoded
from mlops.values import Desired

Item = TypeVar("Item")
Pinned = TypeVar("Pinned")


def resolve(
    spec: Spec,
    store: ModelStore,
    targets: Mapping[str, Target],
    sources: Mapping[str, ModelSource],
    generations: Generations = NOTHING,
    locks: Mapping[str, str] = NOTHING,
) -> tuple[Desired, ...]:
    """Return everything that shall exist: models first, then what each deployment needs.

    Raises SpecError with every problem of every model and deployment.
    """
    problems: list[Problem] = []
    models, code = _parts(spec, store, sources)
    newest = {pinned.name: pinned for pinned, _ in models.values()}
    served = _each(
        spec.deployments,
        lambda deployment: _named(
            deployment,
            targets[deployment.target].desire(
                deployment,
                replace(
                    _pins(deployment, spec, newest, code, store),
                    generations=generations.get(f"{deployment.target}/{deployment.name}", NOTHING),
                    locks=locks,
                ),
            ),
        ),
        problems,
    )
    if problems:
        raise SpecError(*problems)
    things = [thing for _, thing in models.values()]
    things += [thing for group in served.values() for thing in group]
    return tuple({thing.address: thing for thing in things}.values())


def pin(
    spec: Spec, store: ModelStore, sources: Mapping[str, ModelSource], deployment: Deployment
) -> Pins:
    """Return what one deployment serves. Raises SpecError with every problem of its parts."""
    models, code = _parts(spec, store, sources)
    newest = {pinned.name: pinned for pinned, _ in models.values()}
    return _pins(deployment, spec, newest, code, store)


def _parts(
    spec: Spec, store: ModelStore, sources: Mapping[str, ModelSource]
) -> tuple[dict[str, tuple[PinnedModel, Desired]], dict[str, Content]]:
    """Return every model of the file, pinned, and what is in every folder of code."""
    problems: list[Problem] = []
    models = _each(spec.models, lambda model: _model(model, store, sources), problems)
    folders = {
        config.source_directory: config for config in reversed(tuple(spec.inference.values()))
    }
    code = _each(folders, _code, problems)
    if problems:
        raise SpecError(*problems)
    return models, code


def _named(deployment: Deployment, things: Iterable[Desired]) -> tuple[Desired, ...]:
    """Return the things of a deployment, where what has its name knows what is said of it."""
    return tuple(
        replace(thing, renamed_from=deployment.renamed_from, loose=_loose(deployment.loose_tags))
        if thing.address.name == deployment.name
        else thing
        for thing in things
    )


def _each(
    items: Mapping[str, Item], make: Callable[[Item], Pinned], problems: list[Problem]
) -> dict[str, Pinned]:
    """Return `make` of each item by its name, side by side; what fails goes to `problems`."""
    made: dict[str, Pinned] = {}
    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="resolve") as pool:
        futures = [(name, pool.submit(make, items[name])) for name in sorted(items)]
        for name, future in futures:
            try:
                made[name] = future.result()
            except MlopsError as error:
                problems += error.problems
    return made


def _model(
    model: Model, store: ModelStore, sources: Mapping[str, ModelSource]
) -> tuple[PinnedModel, Desired]:
    """Pin a model of the file by its content, and predict its version."""
    try:
        content = sources[model.name].pin()
    except MlopsError as error:
        raise SpecError(*(_placed(problem, model) for problem in error.problems)) from error
    versions = store.versions(model.name)
    known = [version for version in versions if version.content.digest == content.digest]
    if known:
        check_properties(model, known[-1])
        model = replace(model, properties={**known[-1].properties, **model.properties})
        content = known[-1].content  # the same, with sizes that a source may not know
    number = known[-1].version if known else store.next_version(model.name)
    pinned = PinnedModel(name=model.name, version=number, content=content)
    wanted = desired_model(model, content, f"{model.name}:{number}")
    return pinned, replace(wanted, loose=_loose(model.loose_tags))


def _loose(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"tags.{tag}" for tag in tags)


def check_properties(model: Model, registered: ModelVersion) -> None:
    """Raise SpecError where the file changes a property that is registered: they are add-only."""
    changed = {
        key: value
        for key, value in registered.properties.items()
        if model.properties.get(key, value) != value
    }
    if changed:
        name = f"{registered.name}:{registered.version}"
        problems = (
            Problem(
                summary=f"property `{key}` of `{name}` is `{value}` for good",
                where=model.where,
                hint="properties can only be added: keep it, or use a tag",
            )
            for key, value in changed.items()
        )
        raise SpecError(*problems)


def _code(config: Inference) -> Content:
    """Return what is in the source directory that an inference names. Raises SpecError."""
    cache = HashCache.open()
    try:
        found = code_of(Path(config.source_directory), cache, code_bounds())
    except MlopsError as error:
        raise SpecError(*(_placed(problem, config) for problem in error.problems)) from error
    cache.save()
    return found


def _pins(
    deployment: Deployment,
    spec: Spec,
    newest: Mapping[str, PinnedModel],
    code: Mapping[str, Content],
    store: ModelStore,
) -> Pins:
    if brought_by(deployment.settings):
        return Pins(models=(), code=content([]), inference=inference_of(deployment))
    pinned = tuple(_pinned(name, deployment, newest, store) for name in deployment.models)
    if deployment.inference is None:
        inference = uncoded(deployment, _framework(deployment, spec, store))
        return Pins(models=pinned, code=content([]), inference=inference)
    inference = spec.inference[deployment.inference]
    return Pins(models=pinned, code=code[inference.source_directory], inference=inference)


def _framework(deployment: Deployment, spec: Spec, store: ModelStore) -> Framework | None:
    """Return what the one model of a deployment was made with, if it has one and it is said."""
    if len(deployment.models) != 1:
        return None
    name, number, alias = reference_parts(deployment.models[0])
    if not number and not alias:
        return spec.models[name].framework
    version = chosen(store.versions(name), deployment.models[0])
    return version.framework if version else None


def _pinned(
    reference: str,
    deployment: Deployment,
    newest: Mapping[str, PinnedModel],
    store: ModelStore,
) -> PinnedModel:
    """Pin `name` to what the file holds, `name:3` and `name@alias` to what the store holds."""
    name, number, alias = reference_parts(reference)
    if not number and not alias:
        return newest[name]
    versions = store.versions(name)
    version = chosen(versions, reference)
    if version is not None:
        return PinnedModel(name=name, version=version.version, content=version.content)
    names = [f"{name}:{one.version}" for one in versions]
    if alias:
        names += [f"{name}@{other}" for one in versions for other in one.aliases]
    have = ", ".join(f"`{one}`" for one in names)
    raise SpecError(
        Problem(
            summary=f"no model version `{reference}` in the store",
            where=deployment.places.get("models", deployment.where),
            hint=f"the store has {have}" if have else f"the store has no model `{name}` yet",
        )
    )


def _placed(problem: Problem, asked: Model | Inference) -> Problem:
    if problem.where is not None:
        return problem
    return Problem(summary=problem.summary, where=asked.where, hint=problem.hint)

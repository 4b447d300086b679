"""Makes the frozen values of a spec from data that was checked. Finds nothing wrong any more."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from mlops.brought import brought_by
from mlops.load.files import Files
from mlops.load.merge import Merged
from mlops.plain import freeze
from mlops.protocols import Kinds
from mlops.schema.annotations import hints, is_struct, paths, properties, unwrapped
from mlops.schema.sections import STORE, ModelSection
from mlops.settings import duration
from mlops.spec import (
    Check,
    Deployment,
    Expectation,
    Framework,
    IgnoreRule,
    Inference,
    Model,
    RegistryLogin,
    Request,
    Rule,
    SecretRef,
    Spec,
    TargetSpec,
    Variables,
)


def build(merged: Merged, kinds: Kinds, files: Files) -> Spec:
    """Return the spec that the checked data of all files says."""
    first = merged.files[0]
    store = str(merged.data.get("store", STORE))
    if "://" not in store:
        store = _rebased(store, merged.file(("store",)).folder, first.folder)
    master = _located(merged, merged.data.get("master_secret"), ("master_secret",))
    return Spec(
        project=str(merged.data["project"]),
        store=store,
        root=str(first.root),
        folder=str(first.folder),
        files=tuple(str(file.folder / file.path.name) for file in merged.files),
        models=freeze({name: _model(merged, kinds, name) for name in merged.entries("models")}),
        inference=freeze(
            {
                name: _inference(merged, files, name)
                for name in merged.entries("inference")
                if name in files.code
            }
        ),
        targets=freeze({name: _target(merged, kinds, name) for name in merged.entries("targets")}),
        deployments=freeze(
            {name: _deployment(merged, kinds, name) for name in merged.entries("deployments")}
        ),
        ignore=tuple(
            IgnoreRule(name=name, **freeze(entry))
            for name, entry in merged.entries("ignore").items()
        ),
        master_secret=None if master is None else construct(SecretRef, master),
        rules=tuple(_rule(merged, name) for name in merged.entries("rules")),
    )


def construct(kind: Any, data: Mapping[str, Any]) -> Any:
    """Return the settings class `kind` made from checked data."""
    return kind(**{key: _converted(hints(kind)[key], value) for key, value in data.items()})


def _converted(annotation: Any, value: Any) -> Any:
    kind, _ = unwrapped(annotation)
    if isinstance(kind, tuple) and isinstance(value, dict):
        kind = next((member for member in kind if is_struct(member)), kind)
    if isinstance(value, dict) and is_struct(kind):
        return construct(kind, value)
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_converted(get_args(kind)[0], item) for item in value)
    if isinstance(get_origin(kind), type) and isinstance(value, dict):
        return freeze({key: _converted(get_args(kind)[1], item) for key, item in value.items()})
    return kind(value) if kind in {int, float} else freeze(value)


def _model(merged: Merged, kinds: Kinds, name: str) -> Model:
    entry = merged.entries("models")[name]
    source = next(key for key in kinds.sources if key in entry)
    row = kinds.sources[source]
    common = construct(
        ModelSection, {key: entry[key] for key in hints(ModelSection) if key in entry}
    )
    framework = common.framework
    return Model(
        name=name,
        source=source,
        settings=_settings(merged, row.Settings, entry, ("models", name)),
        framework=framework and Framework(name=framework.name, version=framework.version),
        tags=common.tags,
        loose_tags=_loose(merged, ("models", name)),
        properties=common.properties,
        description=common.description,
        where=merged.key(("models", name)),
    )


def _inference(merged: Merged, files: Files, name: str) -> Inference:
    entry, code = merged.entries("inference")[name], files.code[name]
    written = _located(merged, entry.get("environment_variables", {}), ("inference", name))
    registry = _located(merged, entry.get("base_image_registry"), ("inference", name))
    return Inference(
        name=name,
        source_directory=str(code.folder),
        entry_script=code.script,
        environment=code.environment,
        environment_variables=_converted(Variables, written),
        base_image=_base_image(entry),
        base_registry=None if registry is None else construct(RegistryLogin, registry),
        steps=code.steps,
        where=merged.key(("inference", name)),
    )


def _base_image(entry: Mapping[str, Any]) -> str:
    """Return the base, under the address of its registry even where only that says it, as in v1."""
    image: str = entry.get("base_image") or ""
    address = (entry.get("base_image_registry") or {}).get("address", "")
    within = not image or not address or image.startswith(f"{address}/")
    return image if within else f"{address}/{image}"


def _target(merged: Merged, kinds: Kinds, name: str) -> TargetSpec:
    entry = merged.entries("targets")[name]
    row = kinds.targets[entry["kind"]]
    return TargetSpec(
        name=name,
        kind=entry["kind"],
        settings=_settings(merged, row.Settings, entry, ("targets", name)),
        where=merged.key(("targets", name)),
    )


def _settings(merged: Merged, kind: type, entry: Mapping[str, Any], path: tuple[str, str]) -> Any:
    """Return a row's settings; relative paths start at the folder of the first file."""
    own, first = merged.file(path).folder, merged.files[0].folder
    data = {key: entry[key] for key in properties(kind) if key in entry}
    for keys, _ in paths(kind):
        data = _moved(data, keys, own, first)
    return construct(kind, _located(merged, data, path))


def _moved(data: Mapping[str, Any], keys: Sequence[str], own: Path, first: Path) -> dict[str, Any]:
    """Return `data` with the path that `keys` lead to rebased, where one is written."""
    moved, (key, *rest) = dict(data), keys
    if rest and isinstance(moved.get(key), dict):
        moved[key] = _moved(moved[key], rest, own, first)
    elif not rest and isinstance(moved.get(key), str):
        moved[key] = _rebased(moved[key], own, first)
    return moved


def _located(merged: Merged, data: Any, path: tuple[str, ...]) -> Any:
    """Return `data` where the path of each secret in a file starts at the first file's folder."""
    own, first = merged.file(path).folder, merged.files[0].folder
    if not isinstance(data, dict) or own == first:
        return data
    text = data.get("secret")
    if set(data) == {"secret"} and isinstance(text, str) and text.startswith("file/"):
        return {"secret": f"file/{_rebased(text.removeprefix('file/'), own, first)}"}
    return {key: _located(merged, value, path) for key, value in data.items()}


def _rebased(text: str, own: Path, first: Path) -> str:
    if own == first or Path(text).is_absolute():
        return text
    return os.path.relpath(own / text, first)


def _deployment(merged: Merged, kinds: Kinds, name: str) -> Deployment:
    entry, path = merged.entries("deployments")[name], ("deployments", name)
    kind = merged.entries("targets")[entry["target"]]["kind"]
    settings = _settings(merged, kinds.targets[kind].ServiceSettings, entry, path)
    image = brought_by(settings)
    scored = {"path": image.score} if image else {}
    return Deployment(
        name=name,
        target=entry["target"],
        models=tuple(entry.get("models", ())),
        inference=entry.get("inference"),
        settings=settings,
        tags=freeze(entry.get("tags", {})),
        loose_tags=_loose(merged, path),
        description=entry.get("description", ""),
        protect=entry.get("protect", False),
        renamed_from=entry.get("renamed_from") or "",
        checks=tuple(
            _check(merged, (*path, "checks", index), check, scored)
            for index, check in enumerate(entry.get("checks", []))
        ),
        where=merged.key(path),
        places=freeze({key: merged.value((*path, key)) for key in entry}),
    )


def _rule(merged: Merged, name: str) -> Rule:
    entry: Mapping[str, Any] = merged.entries("rules")[name]
    return Rule(name=name, where=merged.value(("rules", name, "when")), **entry)


def _loose(merged: Merged, path: tuple[str, str]) -> tuple[str, ...]:
    return tuple(sorted(str(steps[2]) for steps in merged.loose if steps[:2] == path))


def _check(
    merged: Merged, path: tuple[Any, ...], data: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Check:
    request, expect = {**defaults, **data.get("request", {})}, dict(data.get("expect", {}))
    if "latency" in expect:
        expect["latency"] = duration(expect["latency"])
    if "tolerance" in expect:
        expect["tolerance"] = float(expect["tolerance"])
    return Check(
        request=Request(**freeze(request)),
        expect=Expectation(**freeze(expect)),
        where=merged.value(path),
    )

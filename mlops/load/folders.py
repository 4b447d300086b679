"""Checks the paths of the store and of every row's settings: none leaves, hides or shares another.

Never asks whether what a target will make is there.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mlops.clients.yaml import Steps
from mlops.errors import Problem, Where
from mlops.load.check import target_kind
from mlops.load.inside import PathError, within
from mlops.load.merge import Merged
from mlops.load.paths import EITHER, locate
from mlops.protocols import Kinds
from mlops.schema.annotations import paths
from mlops.schema.sections import STORE
from mlops.settings import Setting
from mlops.store.cloud import CLOUDS


class _Written(NamedTuple):
    """A path setting of an entry: where it stands, and its text if there is one."""

    place: Steps
    text: Any
    setting: Setting


def check_folders(merged: Merged, kinds: Kinds, *, lenient: bool) -> Iterator[Problem]:
    """Yield what is wrong with a path of the store, of a target, a deployment or a model.

    Models need not be there, and may be anything, where `lenient`.
    """
    kept: dict[Path, Where] = {}
    yield from _store(merged, kept)
    for name, entry in merged.entries("targets").items():
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if isinstance(kind, str) and kind in kinds.targets:
            for one in _written(kinds.targets[kind].Settings, entry, ("targets", name)):
                yield from _kept(merged, one, kept)
    for name, entry in merged.entries("deployments").items():
        kind = target_kind(merged, entry, kinds)
        if kind is not None:
            for one in _written(kinds.targets[kind].ServiceSettings, entry, ("deployments", name)):
                yield from _inside(merged, one)[1]
    if not lenient:
        yield from _models(merged, kinds, kept)


def _store(merged: Merged, kept: dict[Path, Where]) -> Iterator[Problem]:
    store, place = merged.data.get("store", STORE), ("store",)
    if not isinstance(store, str):
        return
    scheme, separator, _ = store.partition("://")
    where = merged.value(place)
    if separator:
        if scheme not in CLOUDS:
            known = ", ".join(f"{cloud}://" for cloud in CLOUDS)
            hint = f"write a folder, or an address that begins with {known}"
            yield Problem(summary=f"`{store}` is no store", where=where, hint=hint)
        return
    folder, problems = _inside(merged, _Written(place, store, Setting("")))
    yield from problems
    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        summary = f"the store `{store}` is a file"
        yield Problem(summary=summary, where=where, hint="name a folder")
    kept[folder] = where


def _kept(merged: Merged, one: _Written, kept: dict[Path, Where]) -> Iterator[Problem]:
    """Check a path of a target: in one folder, two would take each other's services as theirs."""
    folder, problems = _inside(merged, one)
    yield from problems
    if folder is None:
        return
    name = one.place[1]
    where = merged.key(one.place[:2]) if one.text is None else merged.value(one.place)
    other = kept.setdefault(folder, where)
    if other is not where and one.setting.own:
        hint = (
            f"give target `{name}` another `{one.place[-1]}`; the other is at "
            f"{other.file}:{other.line}:{other.column}"
        )
        summary = f"the folder of target `{name}` is taken"
        yield Problem(summary=summary, where=where, hint=hint)


def _models(merged: Merged, kinds: Kinds, kept: Mapping[Path, Where]) -> Iterator[Problem]:
    for name, entry in merged.entries("models").items():
        sources = [key for key in kinds.sources if isinstance(entry, dict) and key in entry]
        for source in sources:
            for one in _written(kinds.sources[source].Settings, entry, ("models", name)):
                base = merged.file(one.place).folder
                model, problems = locate(merged, one.place, one.text, base, EITHER)
                yield from problems
                if model is not None and any(folder.is_relative_to(model) for folder in kept):
                    summary = f"`{one.text}` holds what is made: the store, or a target's folder"
                    hint = "name the model's own file or folder: a plan would never be empty"
                    yield Problem(summary=summary, where=merged.value(one.place), hint=hint)


def _written(kind: type, entry: Mapping[str, Any], path: Steps) -> Iterator[_Written]:
    """Yield each path setting of an entry; one that is not written has no text."""
    for keys, setting in paths(kind):
        value: Any = entry
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        yield _Written((*path, *keys), value, setting)


def _inside(merged: Merged, one: _Written) -> tuple[Path | None, list[Problem]]:
    """Return the path that a setting means, which may not leave the checkout."""
    text, file = one.text, merged.file(one.place)
    if text is None and one.setting.own:
        text, file = one.setting.own.format(name=one.place[1]), merged.files[0]
    if not isinstance(text, str):
        return None, []
    try:
        return within(text, file.folder, file.root), []
    except PathError as error:
        where = merged.value(one.place)
        return None, [Problem(summary=error.summary, where=where, hint=error.hint)]

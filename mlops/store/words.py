"""What is said about a model version, and what its versions are called. Never changes its bytes.

Each record is written beside the one before, on top of what it says; the highest counts.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from mlops.artefacts import ModelVersion
from mlops.errors import Problem, SpecError
from mlops.plain import NOTHING
from mlops.spec import Fields
from mlops.store.desired import meta_record
from mlops.store.objects import Objects
from mlops.store.records import amend_record

Words: TypeAlias = Mapping[str, Any]
"""`framework`, `tags`, `properties` and `description` of a version."""

SILENT: Words = {"framework": NOTHING, "tags": NOTHING, "properties": NOTHING, "description": ""}


def describe(objects: Objects, version: ModelVersion, change: Callable[[Words], Words]) -> None:
    """Write what `change` makes of the words about a version; a race asks it again.

    Properties that are there stay, whoever writes. Raises SpecError where one would change.
    """

    def changed(record: Words) -> Words:
        before = {**SILENT, **record}
        after = change(before)
        kept = before["properties"]
        _check_kept(version, kept, after["properties"])
        return {**after, "properties": {**after["properties"], **kept}}

    amend_record(objects, f"models/{version.name}/{version.version}/meta", changed)


def say_only(fields: Fields) -> Callable[[Words], Words]:
    """Return the change to exactly what the fields of a model say."""
    return lambda _: meta_record(fields)


def say_also(words: Words, removed: Collection[str] = ()) -> Callable[[Words], Words]:
    """Return the change that adds words, and takes the tags `removed` away."""

    def changed(before: Words) -> Words:
        tags = {**before["tags"], **words.get("tags", NOTHING)}
        return {
            "framework": words.get("framework") or before["framework"],
            "tags": {key: value for key, value in tags.items() if key not in removed},
            "properties": {**before["properties"], **words.get("properties", NOTHING)},
            "description": words.get("description") or before["description"],
        }

    return changed


def name_version(objects: Objects, model: str, alias: str, number: int | None) -> None:
    """Let an alias mean one version of a model, or nothing any more."""

    def changed(record: Words) -> Words:
        others = {key: to for key, to in record.get("aliases", NOTHING).items() if key != alias}
        return {"aliases": others if number is None else {**others, alias: number}}

    amend_record(objects, f"models/{model}/aliases", changed)


def _check_kept(version: ModelVersion, kept: Words, wanted: Words) -> None:
    name = f"{version.name}:{version.version}"
    problems = tuple(
        Problem(
            summary=f"property `{key}` of `{name}` is `{value}` for good",
            hint="properties can only be added: keep it, or use a tag",
        )
        for key, value in kept.items()
        if wanted.get(key, value) != value
    )
    if problems:
        raise SpecError(*problems)

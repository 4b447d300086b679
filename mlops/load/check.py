"""Checks the merged data against the JSON schema, entry by entry, each problem at its place."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlops.clients.yaml import Steps
from mlops.errors import Problem
from mlops.load.merge import Merged
from mlops.load.words import Fault, holds_secret, problems_of
from mlops.protocols import Kinds
from mlops.schema import (
    SECTIONS,
    deployment_schema,
    file_schema,
    ignore_schema,
    inference_schema,
    model_schema,
    rule_schema,
    target_schema,
    variable_schema,
)
from mlops.schema.annotations import properties

_LONGEST = 4096
"""Characters of the longest text with a pattern: some take the square of its length."""


def check_schema(merged: Merged, kinds: Kinds) -> list[Problem]:
    """Return everything that the schema refuses. Text for text: see `_retyped`."""
    judge = _Judge(merged, kinds)
    problems = list(judge.judged("file", merged.data, ()))
    for section in SECTIONS:
        for name, entry in merged.entries(section).items():
            schema = _deployment(merged, entry, kinds) if section == "deployments" else section
            problems += judge.judged(schema, entry, (section, name))
    return problems


def target_kind(merged: Merged, entry: Any, kinds: Kinds) -> str | None:
    """Return the kind of the target that a deployment names, where it is known."""
    name = entry.get("target") if isinstance(entry, dict) else None
    target = merged.entries("targets").get(name) if isinstance(name, str) else None
    kind = target.get("kind") if isinstance(target, dict) else None
    return kind if isinstance(kind, str) and kind in kinds.targets else None


def _deployment(merged: Merged, entry: Any, kinds: Kinds) -> str:
    return f"deployments/{target_kind(merged, entry, kinds) or ''}"


class _Judge:
    """Holds a validator for each sort of entry."""

    def __init__(self, merged: Merged, kinds: Kinds) -> None:
        self._merged = merged
        self._others = {
            kind: frozenset(properties(row.ServiceSettings)) for kind, row in kinds.targets.items()
        }
        validator = _validator()
        schemas: dict[str, Any] = {
            "file": file_schema({}),
            "variables": variable_schema(),
            "models": model_schema(kinds),
            "inference": inference_schema(),
            "targets": target_schema(kinds),
            "deployments/": deployment_schema(kinds),
            "rules": rule_schema(),
            "ignore": ignore_schema(),
        }
        for kind in kinds.targets:
            schemas[f"deployments/{kind}"] = deployment_schema(kinds, kind)
        self._validators = {name: validator(schema) for name, schema in schemas.items()}

    def judged(self, schema: str, data: Any, path: Steps) -> Iterator[Problem]:
        """Yield what is wrong with `data`, which stands at `path`."""
        errors = list(self._validators[schema].iter_errors(data))
        if sum(self._retyped(error, path) for error in errors):
            errors = list(self._validators[schema].iter_errors(data))
        kind = schema.partition("/")[2]
        for error in errors:
            if holds_secret(error):
                self._hide(error.instance, (*path, *error.absolute_path))
            yield from problems_of(
                Fault(
                    merged=self._merged,
                    path=(*path, *error.absolute_path),
                    error=error,
                    kind=kind,
                    others=self._others,
                )
            )

    def _hide(self, value: Any, path: Steps) -> None:
        """Note the places of all that may be a secret."""
        if isinstance(value, (dict, list)):
            steps = value if isinstance(value, dict) else range(len(value))
            for step in steps:
                self._hide(value[step], (*path, step))
            return
        self._merged.hidden.append(self._merged.value(path))

    def _retyped(self, error: Any, path: Steps) -> bool:
        """Make text of a variable's value that stands where text is wanted.

        A person who passes `--var build=42` cannot say that text is meant: the place says it.
        """
        place = (*path, *error.absolute_path)
        text = self._merged.written.get(place)
        if text is None or error.validator != "type" or "string" not in error.validator_value:
            return False
        parent: Any = self._merged.data
        for step in place[:-1]:
            parent = parent[step]
        parent[place[-1]] = text
        return True


def _validator() -> Any:
    """Return a validator class whose patterns mean the whole text, and where 1.0 is not whole."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415 - as above
    from jsonschema.validators import extend  # noqa: PLC0415 - as above

    def pattern(_: Any, wanted: str, instance: Any, __: Mapping[str, Any]) -> Iterator[Any]:
        if isinstance(instance, str) and (
            len(instance) > _LONGEST or re.fullmatch(wanted, instance) is None
        ):
            yield ValidationError("no match")

    def const(_: Any, wanted: Any, instance: Any, __: Mapping[str, Any]) -> Iterator[Any]:
        if type(instance) is not type(wanted) or instance != wanted:
            yield ValidationError("another value")

    def is_whole(_: Any, instance: Any) -> bool:
        return isinstance(instance, int) and not isinstance(instance, bool)

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_whole)
    rules = {"pattern": pattern, "const": const}
    return extend(Draft202012Validator, rules, type_checker=types)  # type: ignore[no-untyped-call]

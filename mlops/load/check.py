"""Checks the merged data against the JSON schema, entry by entry, each problem at its place."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from mlops.clients.yaml import Steps
from mlops.errors import Problem
from mlops.load.fits import fits, is_same, is_whole, matches
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


def check_schema(merged: Merged, kinds: Kinds) -> list[Problem]:
    """Return everything that the schema refuses. Text for text: see `_retyped`."""
    judge = _Judge(merged, kinds)
    problems = list(judge.judged("file", merged.data, ()))
    for section in SECTIONS:
        for name, entry in merged.entries(section).items():
            kind = _kind(merged, section, entry, kinds)
            problems += judge.judged(section, entry, (section, name), kind)
    return problems


def target_kind(merged: Merged, entry: Any, kinds: Kinds) -> str | None:
    """Return the kind of the target that a deployment names, where it is known."""
    name = entry.get("target") if isinstance(entry, dict) else None
    target = merged.entries("targets").get(name) if isinstance(name, str) else None
    return _own_kind(target, kinds)


def _own_kind(target: Any, kinds: Kinds) -> str | None:
    kind = target.get("kind") if isinstance(target, dict) else None
    return kind if isinstance(kind, str) and kind in kinds.targets else None


def _kind(merged: Merged, section: str, entry: Any, kinds: Kinds) -> str | None:
    """Return the kind of target that an entry is, or is for."""
    if section == "targets":
        return _own_kind(entry, kinds)
    return target_kind(merged, entry, kinds) if section == "deployments" else None


class _Judge:
    """Judges the entries of a file, each sort by its own schema."""

    def __init__(self, merged: Merged, kinds: Kinds) -> None:
        self._merged = merged
        self._kinds = kinds
        self._schemas: dict[tuple[str, str | None], Any] = {}
        self._validators: dict[tuple[str, str | None], Any] = {}

    def judged(
        self, section: str, data: Any, path: Steps, kind: str | None = None
    ) -> Iterator[Problem]:
        """Yield what is wrong with `data`, which stands at `path`."""
        if fits(data, self._schema(section, kind)):
            return
        validator = self._validator(section, kind)
        errors = list(validator.iter_errors(data))
        if sum(self._retyped(error, path) for error in errors):
            errors = list(validator.iter_errors(data))
        for error in errors:
            if holds_secret(error):
                self._hide(error.instance, (*path, *error.absolute_path))
            yield from problems_of(
                Fault(
                    merged=self._merged,
                    path=(*path, *error.absolute_path),
                    error=error,
                    kind=kind if section == "deployments" and kind else "",
                    kinds=self._kinds,
                )
            )

    def _schema(self, section: str, kind: str | None) -> Any:
        if (section, kind) not in self._schemas:
            self._schemas[section, kind] = _schema(section, kind, self._kinds)
        return self._schemas[section, kind]

    def _validator(self, section: str, kind: str | None) -> Any:
        if (section, kind) not in self._validators:
            self._validators[section, kind] = _judging()(self._schema(section, kind))
        return self._validators[section, kind]

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


def _schema(section: str, kind: str | None, kinds: Kinds) -> dict[str, Any]:
    """Return the schema of an entry of a section; of the rows only those that it names."""
    if section == "targets":
        return target_schema(kinds, [kind] if kind else [])
    if section == "deployments":
        return deployment_schema(kinds, kind)
    return model_schema(kinds) if section == "models" else _FIXED[section]()


_FIXED: Mapping[str, Callable[[], dict[str, Any]]] = {
    "file": lambda: file_schema({}),
    "variables": variable_schema,
    "inference": inference_schema,
    "rules": rule_schema,
    "ignore": ignore_schema,
}


@cache
def _judging() -> Any:
    """Return a validator class whose patterns mean the whole text, and where 1.0 is not whole."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415 - as above
    from jsonschema.validators import extend  # noqa: PLC0415 - as above

    def pattern(_: Any, wanted: str, instance: Any, __: Mapping[str, Any]) -> Iterator[Any]:
        if isinstance(instance, str) and not matches(instance, wanted):
            yield ValidationError("no match")

    def const(_: Any, wanted: Any, instance: Any, __: Mapping[str, Any]) -> Iterator[Any]:
        if not is_same(instance, wanted):
            yield ValidationError("another value")

    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, instance: is_whole(instance)
    )
    rules = {"pattern": pattern, "const": const}
    return extend(Draft202012Validator, rules, type_checker=types)  # type: ignore[no-untyped-call]

"""Puts the values of variables in place of `${var.x}`, `${git.sha}` and `${git.branch}`.

Never evaluates anything: a reference is a name.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mlops.clients.yaml import BROKEN, Steps, scalar
from mlops.errors import Problem
from mlops.load.merge import Merged
from mlops.load.suggest import suggestion

_REFERENCE = re.compile(r"\$\$\{|\$\{[^}]*\}?")
_TOLD = 10
"""How many times a reference is refused in one text: the same again says no more."""

_KINDS = "there are `${var.NAME}`, `${git.sha}` and `${git.branch}`; write `$${` for the text `${`"


class Value(NamedTuple):
    """A value of a variable, and its text as it was given."""

    value: Any
    text: str


class _Wrong(Exception):  # noqa: N818 - it never leaves this module
    """A reference that cannot be followed."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


def substitute(merged: Merged, given: Mapping[str, str]) -> list[Problem]:
    """Replace every reference in the data of `merged`; return what is wrong, at its place."""
    problems = _undeclared(merged, given)
    if not any("${" in file.document.source.text for file in merged.files):
        return problems
    walk = _Walk(merged, _values(merged, given))
    merged.data = {key: walk.value(value, (key,)) for key, value in merged.data.items()}
    return problems + walk.problems


def _undeclared(merged: Merged, given: Mapping[str, str]) -> list[Problem]:
    declared = merged.entries("variables")
    if not merged.knows("variables"):
        return []
    return [
        Problem(
            summary=f"no variable `{name}` is declared",
            hint=suggestion(name, declared, "declare it below `variables:`"),
        )
        for name in given
        if name not in declared
    ]


def _values(merged: Merged, given: Mapping[str, str]) -> dict[str, Value]:
    """Return the value of each declared variable that has one."""
    values = {}
    for name, entry in merged.entries("variables").items():
        text = given.get(name, os.environ.get(f"MLOPS_VAR_{name}"))
        path = ("variables", name, "default")
        if text is not None:
            values[name] = Value(scalar(text), text)
        elif not isinstance(entry, dict):
            values[name] = Value(BROKEN, "")
        elif entry.get("default") is not None:
            values[name] = _default(entry["default"], merged.raw(path))
    return values


def _default(default: Any, raw: str) -> Value:
    """Return the value of a default; one that is refused breaks whatever uses it, untold."""
    if isinstance(default, str):
        found = {match.group() for match in _REFERENCE.finditer(default)}
        return Value(default, default) if found <= {"$${"} else Value(BROKEN, "")
    return Value(default, raw) if isinstance(default, (int, float)) else Value(BROKEN, "")


class _Walk:
    """Walks the data and replaces references on the way."""

    def __init__(self, merged: Merged, values: Mapping[str, Value]) -> None:
        self.problems: list[Problem] = []
        self._merged = merged
        self._values = values
        self._git = cache(_git)

    def value(self, value: Any, path: Steps) -> Any:
        """Return `value` with every reference in it replaced."""
        if isinstance(value, dict):
            return {
                self._key(key, path): self.value(item, (*path, key)) for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.value(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._text(value, path)
        return value

    def _key(self, key: str, path: Steps) -> str:
        if "${" in key:
            summary = "no variable may stand in a key"
            where = self._merged.key((*path, key))
            self.problems.append(Problem(summary=summary, where=where, hint="write the name out"))
        return key

    def _text(self, text: str, path: Steps) -> Any:
        seen: dict[str, int] = {}
        broken: list[str] = []

        def replace(match: re.Match[str]) -> str:
            reference = match.group()
            nth = seen[reference] = seen.get(reference, -1) + 1
            if reference == "$${":
                return "${"
            try:
                found = self._found(reference, path)
            except _Wrong as wrong:
                broken.append(reference)
                if nth < _TOLD:
                    where = self._merged.inside(path, reference, nth)
                    told = Problem(summary=wrong.summary, where=where, hint=wrong.hint)
                    self.problems.append(told)
                return ""
            if found.value is BROKEN:
                broken.append(reference)
            return found.text

        replaced = _REFERENCE.sub(replace, text)
        if broken:
            return BROKEN
        whole = _REFERENCE.fullmatch(text)
        if whole is not None and whole.group() != "$${":
            self._merged.written[path] = replaced
            return self._found(text, path).value
        return replaced

    def _found(self, reference: str, path: Steps) -> Value:
        if path[0] == "variables":
            raise _Wrong("the values of variables cannot use variables", "write the value out")
        kind, _, name = reference[2:].rstrip("}").partition(".")
        if kind == "var" and name and reference.endswith("}"):
            return self._variable(name)
        if reference in {"${git.sha}", "${git.branch}"}:
            if len(path) < 4 or path[2] != "tags":
                raise _Wrong(f"`{reference}` may stand only in `tags`", "move it to a tag")
            self._merged.loose.add((path[0], path[1], path[3]))
            text = self._git(self._merged.file(path).root, name)
            return Value(text, text)
        raise _Wrong(f"`{reference}` is no reference", _KINDS)

    def _variable(self, name: str) -> Value:
        value = self._values.get(name)
        if value is not None:
            return value
        declared = self._merged.entries("variables")
        if name in declared:
            hint = f"pass `--var {name}=…`, set `MLOPS_VAR_{name}`, or give it a `default`"
            raise _Wrong(f"variable `{name}` has no value", hint)
        if not self._merged.knows("variables"):
            return Value(BROKEN, "")
        raise _Wrong(
            f"no variable `{name}`", suggestion(name, declared, "declare it below `variables:`")
        )


def _git(root: Path, name: str) -> str:
    """Return the commit or the branch of a checkout, read from its files."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git import Repo, SymbolicReference  # noqa: PLC0415 - slow, and seldom wanted
    from git.exc import GitError  # noqa: PLC0415 - as above

    try:
        with Repo(root) as repository:
            if name == "sha":
                return str(SymbolicReference.dereference_recursive(repository, "HEAD"))
            return str(repository.head.reference.name)
    except (GitError, ValueError, TypeError, OSError) as error:
        summary = f"`${{git.{name}}}` has no value here"
        hint = "make a commit on a branch of a Git repository, or take the tag out"
        raise _Wrong(summary, hint) from error

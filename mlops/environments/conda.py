"""Reads a conda environment file: its Python, and the packages that pip would install."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops.clients import yaml
from mlops.clients.yaml import BROKEN, Document, Steps
from mlops.environments.requirements import Requirement, RequirementError, requirement
from mlops.errors import Problem, Where

_KEYS = ("name", "channels", "dependencies")
_HINTS = {
    "prefix": "remove it; it names a folder of another machine",
    "variables": "move them to `environment_variables` of the inference block",
}
_PACKAGE = re.compile(r"(?:[\w.-]+::)?([A-Za-z0-9_.-]+)\s*(.*)")
_PYTHON = re.compile(r"(==?|>=|<=|<|>|!=|~=)?\s*(\d+(?:\.\d+){0,2}(?:\.\*)?)")


@dataclass(slots=True, kw_only=True)
class Conda:
    """What a conda file asks for. `pin` is a Python version, `limits` are bounds like `>=3.8`."""

    pin: str | None = None
    limits: str | None = None
    where: Where | None = None
    requirements: list[Requirement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_conda(path: Path, asked: Where | None = None) -> Conda:
    """Return what a conda file asks for, with every problem in it."""
    document = yaml.read(path, asked)
    conda = Conda(problems=list(document.problems))
    data = document.data
    if data is BROKEN:
        return conda
    if not isinstance(data, dict):
        hint = "write `dependencies:` and a list below it"
        _tell(conda, "a conda file must hold keys", document.value(()), hint)
        return conda
    for key in data:
        if key not in _KEYS:
            hint = _HINTS.get(key, "remove it; the keys are name, channels, dependencies")
            _tell(conda, f"unknown key `{key}` in a conda file", document.key((key,)), hint)
    _names(conda, document)
    dependencies = data.get("dependencies")
    if isinstance(dependencies, list):
        for index, item in enumerate(dependencies):
            _dependency(conda, document, ("dependencies", index), item)
    elif dependencies is not BROKEN:
        hint = "write `dependencies:` and a list below it, as `- python=3.11`"
        _tell(conda, "`dependencies` must be a list", document.value(("dependencies",)), hint)
    return conda


def _names(conda: Conda, document: Document) -> None:
    name, channels = document.data.get("name"), document.data.get("channels", [])
    if not (name is None or name is BROKEN or isinstance(name, str)):
        _tell(conda, "`name` must be text", document.value(("name",)), "put it in quotes")
    items = channels if isinstance(channels, list) else [channels]
    if channels is items and all(isinstance(item, str) or item is BROKEN for item in items):
        return
    if channels is not BROKEN:
        hint = "write a list of text, as `[conda-forge]`"
        _tell(conda, "`channels` must be a list of names", document.value(("channels",)), hint)


def _dependency(conda: Conda, document: Document, path: Steps, item: Any) -> None:
    where = document.value(path)
    if isinstance(item, dict) and set(item) == {"pip"}:
        _pip(conda, document, (*path, "pip"), item["pip"])
    elif isinstance(item, str):
        _package(conda, item, where)
    elif item is not BROKEN:
        hint = "write `- python=3.11`, `- pip` or `- pip:` with a list below it"
        _tell(conda, "a dependency must be text, or a `pip:` list", where, hint)


def _package(conda: Conda, text: str, where: Where) -> None:
    found = _PACKAGE.fullmatch(text.strip())
    name = found[1] if found else text
    if found and name == "python":
        _python(conda, found[2].strip(), where)
    elif name != "pip":
        hint = "put it under `pip:`, with `==` before its version"
        _tell(conda, f"conda package `{name}` cannot be installed here", where, hint)


def _python(conda: Conda, version: str, where: Where) -> None:
    conda.where = where
    parts = [_PYTHON.fullmatch(part.strip()) for part in version.split(",")] if version else []
    if not all(parts):
        hint = "write `python=3.11` or `python>=3.8`"
        _tell(conda, f"`python{version}` names no Python version", where, hint)
        return
    for part in filter(None, parts):
        operator, number = part[1] or "=", part[2]
        if operator in {"=", "=="} and number.count(".") > 0:
            conda.pin = number.removesuffix(".*")
        else:
            exact = f"=={number}.*" if operator in {"=", "=="} else f"{operator}{number}"
            conda.limits = f"{conda.limits},{exact}" if conda.limits else exact


def _pip(conda: Conda, document: Document, path: Steps, items: Any) -> None:
    if not isinstance(items, list):
        if items is not BROKEN:
            hint = "write a list below it, as `- numpy==1.26.4`"
            _tell(conda, "`pip` must be a list of requirements", document.value(path), hint)
        return
    for index, item in enumerate(items):
        where = document.value((*path, index))
        if not isinstance(item, str):
            if item is not BROKEN:
                _tell(conda, "a requirement must be text", where, "put it in quotes")
            continue
        try:
            conda.requirements.append(requirement(item.strip(), where))
        except RequirementError as error:
            _tell(conda, error.summary, where, error.hint)


def _tell(conda: Conda, summary: str, where: Where, hint: str) -> None:
    conda.problems.append(Problem(summary=summary, where=where, hint=hint))

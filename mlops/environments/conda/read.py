"""Reads a conda environment file: its Python, its channels and packages, and what pip installs."""

import re
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from mlops.clients import yaml
from mlops.clients.text import brief
from mlops.clients.yaml import BROKEN, Document, Steps
from mlops.environments.conda.asked import Package, asked_text, package_of
from mlops.environments.conda.channels import USUAL, wrong_channel
from mlops.environments.requirements import Requirement, RequirementError, requirement
from mlops.errors import Problem, Where

_KEYS = ("name", "channels", "dependencies")
_HINTS = {
    "prefix": "remove it; it names a folder of another machine",
    "variables": "move them to `environment_variables` of the inference block",
}
_BUILT = re.compile(r"(==?[^=]+)=[^=]+")
"""A version and a build, as `=3.11.7=h1_0`."""

_PIPS = ("python", "pip")
"""What a base image has as well."""

_PYTHON = re.compile(r"(==?|>=|<=|<|>|!=|~=)?\s*(\d+(?:\.\d+){0,2}(?:\.\*)?)")


class Conda(Struct, kw_only=True):
    """What a conda file asks for. `pin` is a Python version, `limits` are bounds like `>=3.8`.

    `packages` are all with their places; `real` ones are those that only conda can install.
    """

    channels: list[str] = field(default_factory=list)
    packages: list[tuple[Package, Where]] = field(default_factory=list)
    real: list[Where] = field(default_factory=list)
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
    _channels(conda, document)
    dependencies = data.get("dependencies")
    if isinstance(dependencies, list):
        for index, item in enumerate(dependencies):
            _dependency(conda, document, ("dependencies", index), item)
    elif dependencies is not BROKEN:
        hint = "write `dependencies:` and a list below it, as `- python=3.11`"
        _tell(conda, "`dependencies` must be a list", document.value(("dependencies",)), hint)
    return conda


def conda_text(conda: Conda, python: str) -> str:
    """Return what only conda can install, and the Python for it; empty where that is nothing.

    `python` is what the file shall have where it pins none.
    """
    if not conda.real:
        return ""
    wanted = [package.text for package, _ in conda.packages]
    pinned = [] if conda.pin else [f"python={python}"]
    channels = [name for name in dict.fromkeys(conda.channels) if name != "nodefaults"]
    return asked_text(channels or [USUAL], [*wanted, *pinned])


def _names(conda: Conda, document: Document) -> None:
    name = document.data.get("name")
    if not (name is None or name is BROKEN or isinstance(name, str)):
        _tell(conda, "`name` must be text", document.value(("name",)), "put it in quotes")


def _channels(conda: Conda, document: Document) -> None:
    channels = document.data.get("channels", [])
    items = channels if isinstance(channels, list) else [channels]
    if channels is not items or not all(isinstance(one, str) or one is BROKEN for one in items):
        if channels is not BROKEN:
            hint = "write a list of text, as `[conda-forge]`"
            place = document.value(("channels",))
            _tell(conda, "`channels` must be a list of names", place, hint)
        return
    for index, channel in enumerate(channels):
        wrong = None if channel is BROKEN else wrong_channel(channel)
        if wrong is not None:
            _tell(conda, wrong[0], _hidden(document.value(("channels", index))), wrong[1])
        elif channel is not BROKEN:
            conda.channels.append(channel.rstrip("/"))


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
    found = package_of(text)
    if found is None:
        hint = "write `numpy=1.26`, `numpy>=1.26,<2` or `conda-forge::numpy`"
        _tell(conda, f"`{brief(text)}` asks for no conda package", where, hint)
        return
    wrong = wrong_channel(found.channel) if found.channel else None
    if wrong is not None:
        _tell(conda, wrong[0], _hidden(where), wrong[1])
        return
    built = _BUILT.fullmatch(found.rest)
    if found.name == "python":
        _python(conda, (built[1] if built else found.rest).strip(), where)
    if found.name not in _PIPS or built or found.channel:
        conda.real.append(where)
    conda.packages.append((found, where))


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


def _hidden(where: Where) -> Where:
    """Return a place without its text, which may hold a token."""
    return replace(where, text="")


def _tell(conda: Conda, summary: str, where: Where, hint: str) -> None:
    conda.problems.append(Problem(summary=summary, where=where, hint=hint))

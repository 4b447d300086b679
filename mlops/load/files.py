"""Checks the files and folders that entries name, and reads the environments of code."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from mlops.clients.yaml import Steps
from mlops.environments.read import read_environment
from mlops.environments.steps import read_steps
from mlops.errors import Problem
from mlops.load.merge import Merged
from mlops.load.paths import FILE, FOLDER, locate
from mlops.load.scripts import check_script
from mlops.settings import PYTHON
from mlops.spec import Environment

STEPS = "extra_dockerfile_steps"


class Code(Struct, frozen=True, kw_only=True):
    """What an inference block names, found. `script` lies in `folder`; `steps` are lines."""

    folder: Path
    script: str
    environment: Environment
    steps: str


class Files(Struct, kw_only=True):
    """What is found of all inference blocks, by name, and every problem with a file."""

    code: dict[str, Code] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def check_files(merged: Merged) -> Files:
    """Return the files that the inference blocks name, read where that is needed, run never."""
    files = Files()
    for name, entry in merged.entries("inference").items():
        if isinstance(entry, dict):
            code, problems = _code(merged, ("inference", name), entry)
            files.problems += problems
            if code is not None:
                files.code[name] = code
    return files


def _code(
    merged: Merged, path: Steps, entry: Mapping[str, Any]
) -> tuple[Code | None, list[Problem]]:
    place = (*path, "source_directory")
    base = merged.file(path).folder
    folder, problems = locate(merged, place, entry.get("source_directory"), base, FOLDER)
    found: dict[str, Path | None] = {}
    for key in ("entry_script", "requirements", "conda_file", STEPS):
        found[key], wrong = locate(merged, (*path, key), entry.get(key), folder, FILE)
        problems += wrong
    environment, wrong = _environment(merged, path, entry, found)
    problems += wrong
    steps, wrong = _steps(merged, path, found[STEPS])
    problems += wrong
    script = found["entry_script"]
    if script is None or folder is None:
        return None, problems
    problems += _script(merged, (*path, "entry_script"), folder, script, environment)
    if problems or environment is None:
        return None, problems
    name = script.relative_to(folder).as_posix()
    code = Code(folder=folder, script=name, environment=environment, steps=steps)
    return code, problems


def _steps(merged: Merged, path: Steps, file: Path | None) -> tuple[str, list[Problem]]:
    return read_steps(file, merged.value((*path, STEPS))) if file else ("", [])


def _script(
    merged: Merged, place: Steps, folder: Path, script: Path, environment: Environment | None
) -> list[Problem]:
    where = merged.value(place)
    if not script.is_relative_to(folder):
        hint = "move it into `source_directory`: only that folder is delivered"
        summary = f"`{script.name}` is outside of `source_directory`"
        return [Problem(summary=summary, where=where, hint=hint)]
    version = sys.version_info[:2]
    if environment is not None:
        major, minor = environment.python.split(".")
        version = (int(major), int(minor))
    return check_script(script, where, version)


def _environment(
    merged: Merged, path: Steps, entry: Mapping[str, Any], found: Mapping[str, Path | None]
) -> tuple[Environment | None, list[Problem]]:
    problems: list[Problem] = []
    if "requirements" in entry and "conda_file" in entry:
        summary = "`requirements` and `conda_file` exclude each other"
        where = merged.key((*path, "conda_file"))
        hint = "keep one; a conda file lists requirements under `pip:`"
        problems.append(Problem(summary=summary, where=where, hint=hint))
    wanted = [key for key in ("requirements", "conda_file") if entry.get(key) is not None]
    python = entry.get("python")
    where = merged.value((*path, "python")) if "python" in entry else merged.key(path)
    environment, wrong = read_environment(
        requirements=found["requirements"],
        conda_file=found["conda_file"],
        python=python if isinstance(python, str) and re.fullmatch(PYTHON, python) else None,
        where=where,
    )
    problems += wrong
    complete = all(found[key] is not None for key in wanted)
    return environment if complete else None, problems

"""Says in the file what somebody did in the live world: which value goes where. Pure.

What no file can say is refused by name, with what to do instead.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_origin

from msgspec import Struct

from mlops.clients.yaml import Document, Steps
from mlops.errors import Problem
from mlops.protocols import Kinds
from mlops.references import place_of
from mlops.schema.annotations import hints, is_struct, unwrapped
from mlops.schema.sections import DeploymentSection, ModelSection
from mlops.settings import DURATION, MEMORY, POSITIVE, SIZE, Setting
from mlops.spec import Deployment, Json, Spec
from mlops.values import Action, Cause, Change, FieldChange

UNSAID: Mapping[str, tuple[str, str]] = {
    "process": ("how a process stands", "`mlops apply` starts it again"),
    "models": (
        "which bytes a service loads",
        "let `models` name the version that runs, as `mlops models list` shows it, or apply",
    ),
    "code": ("an edit of code that runs", "make it in the source directory, and apply"),
    "entry_script": ("an edit of code that runs", "make it in the source directory, and apply"),
    "environment": ("what is installed", "write it into the requirements, and apply"),
    "checks": ("checks that were edited", "write them into the file, and apply"),
    "server": ("which server runs", "`mlops apply` brings it to this version"),
    "auth": ("which keys are taken", "`mlops apply` sends them again; `mlops keys` rotates them"),
    "leftovers": ("what was left behind", "`mlops apply` removes it"),
}
"""Field groups that no file says: what they tell, and what to do instead."""

SIZES = {"GiB": 1024**3, "MiB": 1024**2, "KiB": 1024, "GB": 1000**3, "MB": 1000**2, "kB": 1000}
AMOUNTS = {"Ti": 1024**4, "Gi": 1024**3, "Mi": 1024**2, "Ki": 1024, "": 1}
TIMES = {"s": 1.0, "ms": 0.001}

_REFERENCE = re.compile(r"(?<!\$)\$\{(?:var\.)?([^}]*)\}")


class Adoption(Struct, frozen=True, kw_only=True):
    """A live value and the steps to where the file says it; None is to be taken out."""

    address: str
    field: FieldChange
    steps: tuple[str, ...]
    value: Json


def adoptions(
    changes: Iterable[Change], spec: Spec, kinds: Kinds
) -> tuple[tuple[Adoption, ...], tuple[Problem, ...]]:
    """Return what a file can say of what drifted, and a problem for each thing that none can."""
    found: list[Adoption] = []
    problems: list[Problem] = []
    for change in changes:
        if change.action is Action.CREATE:
            problems.append(_gone(change))
        for field in change.fields:
            made = _adoption(change, field, spec, kinds)
            if isinstance(made, Problem):
                problems.append(made)
            else:
                found.append(made)
    return tuple(found), tuple(problems)


def check_written(adoption: Adoption, document: Document) -> tuple[Problem, ...]:
    """Return a problem where a file says a value by a variable."""
    value: Any = document.data
    for step in adoption.steps:
        value = value.get(step) if isinstance(value, dict) else value
    found = _REFERENCE.search(value) if isinstance(value, str) else None
    if found is None:
        return ()
    named = found[1]
    return (
        _refused(
            adoption.address,
            adoption.field.path,
            f"comes from the variable `{named}`",
            f"give it the value by `--var {named}=…`, `MLOPS_VAR_{named}` or its `default`",
            document.value(_steps(adoption.steps)),
        ),
    )


def _steps(steps: tuple[str, ...]) -> Steps:
    return steps


def _gone(change: Change) -> Problem:
    return Problem(
        summary=f"`{change.address}`: {change.reason}, and no file says that",
        hint="take it out of the file, or let `mlops apply` make it again",
    )


def _refused(address: str, path: str, why: str, hint: str, where: Any = None) -> Problem:
    return Problem(summary=f"`{path}` of `{address}` {why}", where=where, hint=hint)


def _adoption(change: Change, field: FieldChange, spec: Spec, kinds: Kinds) -> Adoption | Problem:
    """Return where the file says a field, and what it shall say; or why it can't."""
    address = str(change.address)
    if field.cause is not Cause.DRIFT:
        hint = "write into the file what shall be, and apply"
        return _refused(address, field.path, "was changed in the file too", hint)
    if place_of(field.before) or place_of(field.after):
        hint = "name its place in the file, as `{secret: env/NAME}`, and apply"
        return _refused(address, field.path, "is a secret", hint)
    group = field.path.partition(".")[0]
    if group in UNSAID:
        what, hint = UNSAID[group]
        return _refused(address, field.path, f"is {what}: no file says that", hint)
    if group == "environment_variables":
        return _variable(change, field, spec)
    place = _place(change, field.path, spec, kinds)
    if place is None:
        hint = "`mlops apply` makes it again as the file says"
        return _refused(address, field.path, "is nothing that a file says", hint)
    steps, setting = place
    value = _written(field.before, setting)
    return Adoption(address=address, field=field, steps=steps, value=value)


def _variable(change: Change, field: FieldChange, spec: Spec) -> Adoption | Problem:
    """Return where the inference block of one service alone says an environment variable."""
    address = str(change.address)
    deployment = spec.deployments.get(change.address.name)
    block = deployment.inference if deployment else None
    users = [each.name for each in spec.deployments.values() if block and each.inference == block]
    if users != [change.address.name]:
        others = ", ".join(f"`{name}`" for name in users if name != change.address.name)
        why = f"is said by `{block}`, which serves {others} too" if block else "has no block"
        return _refused(address, field.path, why, "give it an inference block of its own")
    name = field.path.partition(".")[2]
    steps = ("inference", str(block), "environment_variables", name)
    return Adoption(address=address, field=field, steps=steps, value=_escaped(field.before))


def _place(
    change: Change, path: str, spec: Spec, kinds: Kinds
) -> tuple[tuple[str, ...], Setting] | None:
    """Return the steps to a field in the file, and what may stand there; None if none says it."""
    name = change.address.name
    if change.address.kind == "model" and name in spec.models:
        return _found((ModelSection,), path, ("models", name))
    deployment = spec.deployments.get(name)
    if change.address.kind != "service" or not _is_of(deployment, change.address.place):
        return None
    row = kinds.targets[spec.targets[change.address.place].kind]
    return _found((DeploymentSection, row.ServiceSettings), path, ("deployments", name))


def _is_of(deployment: Deployment | None, place: str) -> bool:
    return deployment is not None and deployment.target == place


def _found(
    sections: tuple[type, ...], path: str, before: tuple[str, ...]
) -> tuple[tuple[str, ...], Setting] | None:
    """Return where a path leads among the keys of some sections."""
    key, _, rest = path.partition(".")
    for section in sections:
        if key not in hints(section):
            continue
        kind, setting = unwrapped(hints(section)[key])
        steps = (*before, key)
        if rest and is_struct(kind):
            return _found((kind,), rest, steps)
        if rest:
            origin = get_origin(kind)
            mapping = isinstance(origin, type) and issubclass(origin, Mapping)
            return ((*steps, rest), setting) if mapping else None
        return steps, setting
    return None


def _written(value: Json, setting: Setting) -> Json:
    """Return a live value as one writes it: times and sizes with their unit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _escaped(value)
    if setting.pattern in (DURATION, POSITIVE):
        return _with_unit(value, TIMES)
    if setting.pattern == SIZE:
        return _with_unit(value, SIZES)
    if setting.pattern == MEMORY:
        return _with_unit(value, AMOUNTS)
    return int(value) if float(value).is_integer() else value


def _with_unit(value: float, units: Mapping[str, float]) -> Json:
    """Return a number with the largest unit of which it is a whole number."""
    for unit, size in units.items():
        count = round(value / size)
        if count and abs(count * size - value) < 1e-9 * max(1.0, abs(value)):
            return f"{count}{unit}"
    return value


def _escaped(value: Json) -> Json:
    """Return text in which nothing is taken for a variable."""
    return value.replace("${", "$${") if isinstance(value, str) else value

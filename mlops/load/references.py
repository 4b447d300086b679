"""Checks that what an entry names exists, and that no two services want the same port."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from mlops.brought import BESIDE
from mlops.claims import clash, port_claim
from mlops.clients.text import brief
from mlops.clients.yaml import Steps
from mlops.errors import Problem
from mlops.load.check import target_kind
from mlops.load.images import check_image
from mlops.load.merge import Merged
from mlops.load.suggest import suggestion
from mlops.load.words import SINGULAR
from mlops.protocols import Kinds
from mlops.schema.annotations import properties
from mlops.schema.sections import MODEL_REFERENCE
from mlops.settings import DAY, DAY_HINT, reference_parts
from mlops.uncoded import why_not


def check_references(merged: Merged, kinds: Kinds) -> Iterator[Problem]:
    """Yield a problem for each reference that leads nowhere, and for each port wanted twice."""
    for name, entry in merged.entries("deployments").items():
        if isinstance(entry, dict):
            path = ("deployments", name)
            yield from _known(merged, "targets", entry.get("target"), (*path, "target"))
            yield from _known(merged, "inference", entry.get("inference"), (*path, "inference"))
            yield from _brought(merged, entry, path, kinds)
            yield from _uncoded(merged, entry, path)
            yield from _models(merged, entry.get("models"), (*path, "models"))
            yield from _checks(merged, entry.get("checks"), (*path, "checks"))
    yield from _ignored(merged)
    yield from _renames(merged)
    yield from _ports(merged, kinds)


def check_complete(merged: Merged, *, lenient: bool) -> Iterator[Problem]:
    """Ask for what only all files together must hold; deployments too, unless `lenient`."""
    if merged.complete and "project" not in merged.data:
        hint = "add `project: …`, the name that everything made is marked with"
        summary = "`project` is missing in the file"
        yield Problem(summary=summary, where=merged.value(()), hint=hint)
    if merged.knows("deployments") and not merged.entries("deployments") and not lenient:
        hint = "write one below `deployments:`; `mlops destroy` removes everything"
        where = merged.key(("deployments",))
        yield Problem(summary="the file has no deployments", where=where, hint=hint)


def _known(merged: Merged, section: str, name: Any, path: Steps) -> Iterator[Problem]:
    known = merged.entries(section)
    if isinstance(name, str) and name not in known and merged.knows(section):
        hint = suggestion(name, known, f"write it below `{section}:`")
        summary = f"no {SINGULAR[section]} `{brief(name)}`"
        yield Problem(summary=summary, where=merged.value(path), hint=hint)


def _brought(
    merged: Merged, entry: Mapping[str, Any], path: Steps, kinds: Kinds
) -> Iterator[Problem]:
    """Tell what means nothing to an image that serves by itself."""
    kind = target_kind(merged, entry, kinds)
    known = properties(kinds.targets[kind].ServiceSettings) if kind else {}
    if "image" not in entry or "image" not in known:
        return
    for key in entry:
        if key not in BESIDE and (key in known or key in ("inference", "models")):
            summary = f"`{key}` means nothing to `{path[-1]}`, whose `image` serves by itself"
            where = merged.key((*path, key))
            yield Problem(summary=summary, where=where, hint=f"remove `{key}`, or `image`")
    yield from check_image(merged, entry["image"], (*path, "image"))


def _uncoded(merged: Merged, entry: Mapping[str, Any], path: Steps) -> Iterator[Problem]:
    """Tell why a deployment without `inference` cannot be served; of the store `resolve` asks."""
    models = entry.get("models")
    if "inference" in entry or "image" in entry or not isinstance(models, list):
        return
    framework: Any = {}
    if len(models) == 1:
        model = merged.entries("models").get(models[0]) if isinstance(models[0], str) else None
        if not isinstance(model, dict):
            return
        framework = model.get("framework", {})
    if isinstance(framework, dict):
        name, version = str(framework.get("name", "")), framework.get("version")
        text = version if isinstance(version, str) else None
        found = why_not(str(path[-1]), len(models), name, text)
        if found:
            yield Problem(summary=found[0], where=merged.key(path), hint=found[1])


def _models(merged: Merged, references: Any, path: Steps) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, reference in enumerate(references if isinstance(references, list) else ()):
        place = (*path, index)
        if not isinstance(reference, str) or not re.fullmatch(MODEL_REFERENCE, reference):
            continue  # the schema said so
        name = reference_parts(reference)[0]
        if name == reference:  # `name:3` may be in the store only, which `resolve` asks
            yield from _known(merged, "models", reference, place)
        if name in seen:
            summary = f"model `{name}` is listed twice"
            hint = "remove one: a service has one version of a model"
            yield Problem(summary=summary, where=merged.value(place), hint=hint)
        seen.add(name)


def _checks(merged: Merged, checks: Any, path: Steps) -> Iterator[Problem]:
    for index, check in enumerate(checks if isinstance(checks, list) else ()):
        request = check.get("request") if isinstance(check, dict) else None
        if isinstance(request, dict) and {"json", "body"} <= set(request):
            where = merged.key((*path, index, "request", "body"))
            summary = "a request has `json` or `body`, not both"
            yield Problem(summary=summary, where=where, hint="remove one")


def _ignored(merged: Merged) -> Iterator[Problem]:
    """Find rules that name no field, or a day that no calendar has."""
    for name, entry in merged.entries("ignore").items():
        day = entry.get("expires") if isinstance(entry, dict) else None
        if isinstance(day, str) and re.fullmatch(DAY, day) and not _is_day(day):
            where = merged.value(("ignore", name, "expires"))
            yield Problem(summary=f"there is no day `{day}`", where=where, hint=DAY_HINT)
        if isinstance(entry, dict) and entry.get("fields") == []:
            yield Problem(
                summary=f"ignore rule `{name}` names no field",
                where=merged.value(("ignore", name, "fields")),
                hint="name some, as `[tags.*]`",
            )


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _renames(merged: Merged) -> Iterator[Problem]:
    """Find renames whose old name is still used, or is claimed twice."""
    known, taken = merged.entries("deployments"), dict[str, str]()
    for name, entry in known.items():
        old = entry.get("renamed_from") if isinstance(entry, dict) else None
        if not isinstance(old, str):
            continue
        where = merged.value(("deployments", name, "renamed_from"))
        if old in known:
            summary = f"`{brief(old)}` is still a deployment, so `{name}` can't be renamed from it"
            hint = f"take `{brief(old)}` out of the file, or leave out `renamed_from`"
            yield Problem(summary=summary, where=where, hint=hint)
        elif old in taken:
            summary = f"`{taken[old]}` is renamed from `{brief(old)}` already"
            yield Problem(summary=summary, where=where, hint="leave out one `renamed_from`")
        taken.setdefault(old, name)


def _ports(merged: Merged, kinds: Kinds) -> Iterator[Problem]:
    """Find services of one target that want one port: the default counts as written."""
    taken: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for name, entry in merged.entries("deployments").items():
        kind = target_kind(merged, entry, kinds)
        keys = properties(kinds.targets[kind].ServiceSettings) if kind else {}
        if "port" not in keys:
            continue
        port = entry.get("port", keys["port"].get("default"))
        host = entry.get("host", keys.get("host", {}).get("default"))
        if not isinstance(port, int) or not isinstance(host, str):
            continue
        claim = port_claim(host, port)
        others = taken.setdefault((entry["target"], port), [])
        other = next((holder for held, holder in others if clash(claim, held)), None)
        if other is not None:
            yield _twice(merged, name, other, port)
        others.append((claim, name))


def _twice(merged: Merged, name: str, other: str, port: int) -> Problem:
    place = merged.value(("deployments", other, "port"))
    written = "port" in merged.entries("deployments")[name]
    if "port" not in merged.entries("deployments")[other]:
        place = merged.key(("deployments", other))
    path = ("deployments", name)
    return Problem(
        summary=f"port {port} is wanted twice on target "
        f"`{merged.entries('deployments')[name]['target']}`: `{other}` has it",
        where=merged.value((*path, "port")) if written else merged.key(path),
        hint=f"give one of them another `port`; the other is at "
        f"{place.file}:{place.line}:{place.column}",
    )

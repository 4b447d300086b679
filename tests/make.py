"""Builders with defaults for every value: a test names only what it is about."""

from collections.abc import Mapping
from typing import Any

from mlops.artefacts import Content, FileEntry, ModelVersion, PinnedModel, Pins
from mlops.errors import Problem, Where
from mlops.events import Done, Failed, Progressed, Report, Skipped, Started
from mlops.ignored import Ignored
from mlops.plain import freeze
from mlops.spec import (
    Check,
    Deployment,
    Environment,
    Expectation,
    Framework,
    IgnoreRule,
    Inference,
    Model,
    Request,
    SecretRef,
    Spec,
    TargetSpec,
)
from mlops.unobserved import Unobserved
from mlops.values import (
    Action,
    Address,
    Applied,
    Cause,
    Change,
    Desired,
    FieldChange,
    Health,
    Impact,
    Observed,
    Owner,
    Plan,
    Progress,
)

SERVICE = "laptop/service/diabetes"
MODEL = "store/model/diabetes"


def digest(letter: str = "a") -> str:
    """Return a digest of one letter, as contents have it."""
    return "sha256:" + letter * 64


def address(text: str | Address = SERVICE) -> Address:
    """Return the address that `place/kind/name` says."""
    if isinstance(text, Address):
        return text
    place, kind, name = text.split("/")
    return Address(place=place, kind=kind, name=name)


def where(**given: Any) -> Where:
    """Return a place in a file."""
    return Where(**{"file": "mlops.yaml", "line": 1, "column": 1, **given})


def problem(summary: str = "no target `acii`", **given: Any) -> Problem:
    """Return a problem without a place."""
    return Problem(summary=summary, **given)


def content(letter: str = "a", **given: Any) -> Content:
    """Return a content of one file."""
    files = (FileEntry(path="model.pkl", size=1234, digest=letter * 64),)
    return Content(**{"digest": digest(letter), "files": files, **given})


def framework(**given: Any) -> Framework:
    """Return scikit-learn."""
    return Framework(**{"name": "scikit-learn", "version": "1.9", **given})


def secret(place: str = "env/TOKEN") -> SecretRef:
    """Return the place of a secret."""
    return SecretRef(secret=place)


def environment(**given: Any) -> Environment:
    """Return a Python with one package."""
    requirements = ("scikit-learn==1.9",)
    defaults = {"python": "3.11", "requirements": requirements, "digest": digest("e")}
    return Environment(**{**defaults, **_frozen(given)})


def inference(name: str = "diabetes", **given: Any) -> Inference:
    """Return a folder of code with its environment."""
    defaults = {
        "source_directory": "/checkout/score",
        "entry_script": "score.py",
        "environment": environment(),
        "where": where(),
    }
    return Inference(name=name, **{**defaults, **_frozen(given)})


def model(name: str = "diabetes", **given: Any) -> Model:
    """Return a model of the file, from a path."""
    defaults = {"source": "path", "settings": None, "where": where()}
    return Model(name=name, **{**defaults, **_frozen(given)})


def model_version(name: str = "diabetes", **given: Any) -> ModelVersion:
    """Return a registered model version."""
    return ModelVersion(name=name, **{"version": 1, "content": content(), **_frozen(given)})


def pinned(name: str = "diabetes", **given: Any) -> PinnedModel:
    """Return a model that a deployment serves."""
    return PinnedModel(name=name, **{"version": 1, "content": content(), **given})


def pins(**given: Any) -> Pins:
    """Return what a deployment serves: one model, code and environment."""
    defaults = {"models": (pinned(),), "code": content("c"), "inference": inference()}
    return Pins(**{**defaults, **given})


def owner(**given: Any) -> Owner:
    """Return who makes things: a checkout without a remote."""
    defaults: dict[str, Any] = {
        "project": "quickstart",
        "source": "",
        "root": "/checkout",
        "files": ("/checkout/mlops.yaml",),
    }
    return Owner(**{**defaults, **given})


def target(name: str = "laptop", **given: Any) -> TargetSpec:
    """Return a place to serve, as the file says it."""
    return TargetSpec(name=name, **{"kind": "process", "settings": None, "where": where(), **given})


def check(**given: Any) -> Check:
    """Return a request that expects 200."""
    return Check(**{"request": Request(), "expect": Expectation(), "where": where(), **given})


def deployment(name: str = "diabetes", **given: Any) -> Deployment:
    """Return a service of the file."""
    defaults = {
        "target": "laptop",
        "models": ("diabetes",),
        "inference": "diabetes",
        "settings": None,
        "where": where(),
    }
    return Deployment(name=name, **{**defaults, **_frozen(given)})


def spec(**given: Any) -> Spec:
    """Return what a file says: one model, one inference, one target, one deployment."""
    defaults = {
        "project": "quickstart",
        "store": "/checkout/.mlops/store",
        "root": "/checkout",
        "folder": "/checkout",
        "files": ("mlops.yaml",),
        "models": {"diabetes": model()},
        "inference": {"diabetes": inference()},
        "targets": {"laptop": target()},
        "deployments": {"diabetes": deployment()},
    }
    return Spec(**_frozen({**defaults, **given}))


def desired(at: str | Address = SERVICE, **given: Any) -> Desired:
    """Return a thing that shall exist."""
    return Desired(address=address(at), **{"fields": freeze({"port": 8890}), **_frozen(given)})


def observed(at: str | Address = SERVICE, **given: Any) -> Observed:
    """Return a thing that exists."""
    defaults = {"fields": freeze({"port": 8890}), "identity": "4711"}
    return Observed(address=address(at), **{**defaults, **_frozen(given)})


def applied(at: str | Address = SERVICE, **given: Any) -> Applied:
    """Return the record of an address, without hashes."""
    return Applied(address=address(at), **{"hashes": {}, "revision": 1, **given})


def field_change(path: str = "port", **given: Any) -> FieldChange:
    """Return a port that the file changes."""
    defaults = {"before": 8890, "after": 8891, "cause": Cause.CONFIG, "impact": Impact.RESTART}
    return FieldChange(path=path, **{**defaults, **_frozen(given)})


def rule(name: str = "tagger", **given: Any) -> IgnoreRule:
    """Return a rule that lets the tags of every service be."""
    defaults = {
        "address": "*/service/*",
        "fields": ("tags.*",),
        "reason": "the finance robot tags them",
        "owner": "ann",
        "expires": "2026-12-31",
    }
    return IgnoreRule(name=name, **{**defaults, **given})


def ignored(path: str = "tags.team", **given: Any) -> Ignored:
    """Return a tag that somebody added, and a rule lets be."""
    return Ignored(path=path, **{"live": "research", "wanted": None, "rule": rule(), **given})


def change(at: str | Address = SERVICE, action: Action = Action.CREATE, **given: Any) -> Change:
    """Return a change whose `before` and `after` are as its action has them."""
    defaults: dict[str, Any] = {"reason": "not there yet"}
    if action is not Action.CREATE:
        defaults["before"] = observed(at)
    if action is not Action.DELETE:
        defaults["after"] = desired(at)
    return Change(address=address(at), action=action, **{**defaults, **given})


def plan(*changes: Change, **given: Any) -> Plan:
    """Return a plan of the changes."""
    return Plan(**{"project": "quickstart", "store": ".mlops/store", "changes": changes, **given})


def unobserved(place: str = "prod", *services: str, **given: Any) -> Unobserved:
    """Return a place that nobody could look at."""
    why = problem("the platform lets nobody in without credentials", hint="log in")
    return Unobserved(place=place, services=services, **{"why": why, "where": where(), **given})


def health(**given: Any) -> Health:
    """Return a service that is ready."""
    return Health(**{"ready": 1, "failed": 0, "total": 1, **given})


def started(at: str | Address = SERVICE, action: Action = Action.CREATE) -> Started:
    """Return a change that begins."""
    return Started(address=address(at), action=action)


def progressed(text: str = "starting", at: str | Address = SERVICE, **given: Any) -> Progressed:
    """Return a change that goes on."""
    return Progressed(address=address(at), progress=Progress(text=text, **given))


def done(at: str | Address = SERVICE, **given: Any) -> Done:
    """Return a change that is made, in 1.2 seconds."""
    return Done(address=address(at), **{"action": Action.CREATE, "seconds": 1.2, **given})


def failed(at: str | Address = SERVICE, **given: Any) -> Failed:
    """Return a change that failed."""
    problems = (problem("the server ended before it was ready"),)
    return Failed(address=address(at), **{"action": Action.CREATE, "problems": problems, **given})


def skipped(at: str | Address = SERVICE, **given: Any) -> Skipped:
    """Return a change that was not tried."""
    because = f"needs {MODEL}"
    return Skipped(address=address(at), **{"action": Action.CREATE, "because": because, **given})


def report(*outcomes: Done | Failed | Skipped, **given: Any) -> Report:
    """Return what an apply came to."""
    return Report(outcomes=outcomes, **given)


def _frozen(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: freeze(value) for key, value in given.items()}

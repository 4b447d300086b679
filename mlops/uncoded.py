"""How a model without code is served, and why one is not: told alike by `load` and `resolve`."""

from mlops.environments.frameworks import built_in, framework_environment
from mlops.environments.versions import is_version
from mlops.errors import Problem, SpecError
from mlops.spec import Deployment, Framework, Inference

HINT = "add `inference: …`, or say of the model `framework: {name: scikit-learn}` or `onnx`"


def uncoded(deployment: Deployment, framework: Framework | None) -> Inference:
    """Return how a deployment without `inference` is served. Raises SpecError if it cannot be."""
    count = len(deployment.models)
    name = framework.name if framework else ""
    version = framework.version if framework else None
    found = why_not(deployment.name, count, name, version)
    served = built_in(name)
    if found or framework is None or served is None:
        summary, hint = found or ("", "")
        raise SpecError(Problem(summary=summary, where=deployment.where, hint=hint))
    return Inference(
        name="",
        source_directory="",
        entry_script=served.script,
        environment=framework_environment(framework, served),
        where=deployment.where,
    )


def why_not(name: str, models: int, framework: str, version: str | None) -> tuple[str, str] | None:
    """Return why a deployment cannot do without `inference`, and what to do; None if it can."""
    if models != 1:
        return f"`{name}` has no `inference`, and {models} models", "add `inference: …`"
    if not framework:
        return f"`{name}` has no `inference`, and its model no `framework`", HINT
    served = built_in(framework)
    if served is None:
        return f"`{name}` has no `inference`, and nothing serves `{framework}` without one", HINT
    if version is not None and served.package and not is_version(version):
        return f"`{version}` is no version of `{served.package}`", "write it as `1.9` or `1.9.1`"
    return None

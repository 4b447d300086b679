"""What a model needs that is served without code: a script of the server's, and its packages. Pure.

The names are those of v1, of the packages, and of people.
"""

from collections.abc import Mapping

from msgspec import Struct
from packaging.version import Version

from mlops.environments.read import environment_of
from mlops.environments.versions import running_version
from mlops.spec import Environment, Framework

NUMPY_2 = Version("1.5")
"""The first scikit-learn that is built for numpy 2, and says of no numpy that it is too new."""


class BuiltIn(Struct, frozen=True, kw_only=True):
    """A framework whose models the server itself can serve: its script, and what that imports.

    `package` is pinned to the framework's version; of ONNX that is the version of a format, which
    every later runtime reads.
    """

    script: str
    package: str
    others: tuple[str, ...]


SCIKIT_LEARN = BuiltIn(script="builtin:sklearn", package="scikit-learn", others=("pandas",))
ONNX = BuiltIn(script="builtin:onnx", package="", others=("onnxruntime", "numpy"))
RUNTIME = BuiltIn(script="builtin:onnx", package="onnxruntime", others=("numpy",))

FRAMEWORKS: Mapping[str, BuiltIn] = {
    "scikitlearn": SCIKIT_LEARN,
    "sklearn": SCIKIT_LEARN,
    "onnx": ONNX,
    "onnxruntime": RUNTIME,
}


def built_in(name: str) -> BuiltIn | None:
    """Return how the models of a framework are served without code; None if they are not."""
    return FRAMEWORKS.get(name.lower().replace("-", "").replace("_", ""))


def framework_environment(framework: Framework, served: BuiltIn) -> Environment:
    """Return the environment that serves a model without code, on the Python that runs this."""
    version = framework.version if served.package else None
    pinned = (f"{served.package}{_pin(version)}",) if served.package else ()
    others = served.others
    if served is SCIKIT_LEARN and version and Version(version) < NUMPY_2:
        others = (*others, "numpy<2")
    return environment_of(running_version(), (*pinned, *others))


def _pin(version: str | None) -> str:
    """Return the pin of `1.9`, which means any of its patches, or of `1.9.1`."""
    if version is None:
        return ""
    return f"=={version}" if len(Version(version).release) > 2 else f"=={version}.*"

"""Where things lie in an image. Each layer has a prefix of its own, which no other one touches.

/opt/conda-packages  conda packages of the user's, where there are any, with their Python
/opt/environment     the user's packages: a virtual environment of the base's Python, or of conda's
/opt/mlops-python    conda's Python for the server, where the user's is too old for it
/opt/mlops           the server and its own packages: another virtual environment
/opt/code            the code
/opt/models/<hex>    a model, by the digest of its content
/var/azureml-app     the instance folder: empty in the image, written when the server starts
"""

from mlops.artefacts import Content

CONDA = "opt/conda-packages"
ENVIRONMENT = "opt/environment"
FRONT = "opt/mlops-python"
SERVER = "opt/mlops"
SERVED = "opt/mlops/mlops_serving"
"""The server itself, under the name that no package of the user has."""

CODE = "opt/code"
MODELS = "opt/models"
INSTANCE = "var/azureml-app"

BYTECODE = f"{INSTANCE}/.bytecode"
"""What Python compiled. Layers hold none, since each Python writes other bytes of the same source:
a container compiles at its first start, and finds it at the next ones."""

PORT = 5001
"""What the server listens on in a container: v1's (contract, section 12)."""

USER = "1000:1000"
"""Who runs the server; every file belongs to root, and can be read by everybody."""


def model_folder(content: Content) -> str:
    """Return where a model lies, whatever its name."""
    return f"{MODELS}/{content.digest.removeprefix('sha256:')}"


def python(prefix: str) -> str:
    """Return the absolute path of the Python of a virtual environment."""
    return f"/{prefix}/bin/python"


def packages(prefix: str, version: str) -> str:
    """Return where the packages of a virtual environment lie, for a Python like `3.11`."""
    return f"{prefix}/lib/python{version}/site-packages"

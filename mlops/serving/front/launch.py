"""How the workers of a service are started: interpreter, folder, environment, what to load."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from .instance import app_root
from .limits import UnfitError
from .settings import Settings
from .spawn import Launch


def launch(settings: Settings, folder: Path, models: Path) -> Launch:
    """Say how workers are started. Raises UnfitError if they cannot be."""
    entry = settings.code / settings.entry_script
    built_in = settings.entry_script.startswith("builtin:")
    if not built_in and not entry.is_file():
        raise UnfitError(f"`{settings.entry_script}` is not in `{settings.code}`")
    if not os.access(settings.python, os.X_OK):
        raise UnfitError(f"the interpreter `{settings.python}` is not there")
    source = settings.source_name
    environment = {
        **inherited(),
        "PYTHONIOENCODING": "utf-8",  # Python 3.6 without a locale cannot print é
        "PYTHONUNBUFFERED": "1",
        **bytecode(settings.python),
        "PYTHONNOUSERSITE": "1",
        "AML_APP_ROOT": str(app_root(folder, source, settings.code)),
        "AZUREML_MODEL_DIR": str(models),
        "AZUREML_SOURCE_DIRECTORY": source,
        "AZUREML_ENTRY_SCRIPT": str(PurePosixPath(source) / settings.entry_script),
        "SERVICE_NAME": settings.service,
        **settings.environment_variables,
    }
    plan = {
        "entry": str(entry),
        "code": str(settings.code),
        "paths": list(dict.fromkeys([str(entry.parent), str(settings.code)])),
        "timeout": settings.limits.timeout,
        "serving": dict(settings.worker),
        "auth": settings.keys is not None,
        "logs": settings.logs.format,
    }
    return Launch(python=settings.python, cwd=settings.code, environment=environment, plan=plan)


def bytecode(python: str) -> Mapping[str, str]:
    """Say where what is compiled of the user's packages goes: never beside them.

    It goes where the server's own does, if that has a place; not where an interpreter brings its
    own, since it would look for that there too. Python 3.6 and 3.7 know of no such place.
    """
    library = Path(os.path.realpath(python)).parent.parent / "lib"
    brought = any(library.glob("python3*/__pycache__/os.*.pyc"))
    if sys.pycache_prefix is None or brought:
        return {"PYTHONDONTWRITEBYTECODE": "1"}
    return {"PYTHONPYCACHEPREFIX": sys.pycache_prefix, "PYTHONDONTWRITEBYTECODE": ""}


def inherited() -> Mapping[str, str]:
    """Return the environment of the server without what is meant for the server alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MLOPS_")}

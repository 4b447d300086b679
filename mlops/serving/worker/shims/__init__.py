"""Stand-ins for what v1 scripts import and current environments lack.

Consulted only after every real finder has said no, so a real package, or a real part of one,
always wins.
"""

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Dict, Optional

from ..late import late

OLD_JOBLIB = "sklearn.externals.joblib"
HERE = __name__

# The missing module -> the module that stands in for it ("" for a package that only holds others).
STANDS_IN: Dict[str, str] = {
    "azureml": "",
    "azureml.automl": "",
    "azureml.automl.core": "",
    "azureml.automl.core.shared": HERE + ".automl",
    "azureml.contrib": "",
    "azureml.contrib.services": HERE + ".rawhttp",
    "azureml.contrib.services.aml_request": HERE + ".rawhttp",
    "azureml.contrib.services.aml_response": HERE + ".rawhttp",
    "azureml.ai": "",
    "azureml.ai.monitoring": HERE + ".collector",
    "azureml.ai.monitoring.collector": HERE + ".collector",
    "azureml.ai.monitoring.context": HERE + ".collector",
    "azureml.core": HERE + ".model",
    "azureml.core.model": HERE + ".model",
    "azureml.exceptions": HERE + ".model",
    "azureml.telemetry": HERE + ".automl",
    "azureml.train": "",
    "azureml.train.automl": "",
    "azureml.monitoring": HERE + ".monitoring",
    "azureml.monitoring.modeldatacollector": HERE + ".monitoring",
    "azureml_inference_server_http": "",
    "azureml_inference_server_http.api": "",
    "azureml_inference_server_http.api.aml_request": HERE + ".rawhttp",
    "azureml_inference_server_http.api.aml_response": HERE + ".rawhttp",
    "sklearn.externals": "",
    OLD_JOBLIB: "joblib",
}


class LastResort:
    """Finds the names of the table; stands last among the finders.

    Neither it nor a loader here is derived from `importlib.abc`, which is slow to import.
    """

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> Optional[ModuleSpec]:
        """Offer a stand-in, unless it is for a package that nobody installed."""
        if name not in STANDS_IN:
            return None
        if name == OLD_JOBLIB and importlib.util.find_spec("joblib") is None:
            return None
        loader: Any = StandIn(STANDS_IN[name])
        return ModuleSpec(name, loader, is_package=True)


class StandIn:
    """Makes a module that holds the names of another one."""

    def __init__(self, source: str) -> None:
        self.source = source

    def create_module(self, _spec: ModuleSpec) -> Optional[ModuleType]:
        """Leave it to the import system."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module; joblib becomes the installed one itself, since pickles name it."""
        if module.__name__ == OLD_JOBLIB:
            sys.modules[OLD_JOBLIB] = importlib.import_module(self.source)
            sys.meta_path.insert(0, OldJoblibParts())
        elif self.source:
            source = late(self.source)
            offered = source.__all__
            vars(module).update({name: getattr(source, name) for name in offered})


class OldJoblibParts:
    """Leads `sklearn.externals.joblib.x` to the installed `joblib.x`.

    Stands first: the ordinary finder would load the file a second time under the old name, and
    pickles would then hold classes that joblib does not recognise as its own.
    """

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> Optional[ModuleSpec]:
        """Offer the installed module of that name."""
        if not name.startswith(OLD_JOBLIB + "."):
            return None
        loader: Any = Same("joblib" + name[len(OLD_JOBLIB) :])
        return ModuleSpec(name, loader)


class Same:
    """Makes one module known by a second name."""

    def __init__(self, real: str) -> None:
        self.real = real

    def create_module(self, _spec: ModuleSpec) -> Optional[ModuleType]:
        """Leave it to the import system."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Put the real module in the place of the new one."""
        sys.modules[module.__name__] = importlib.import_module(self.real)


RAW = (
    HERE + ".rawhttp",
    "azureml.contrib.services.aml_request",
    "azureml_inference_server_http.api.aml_request",
)


def requested() -> bool:
    """Say whether the script used `@rawhttp`, of whichever package it found."""
    return any(getattr(sys.modules.get(name), "_rawHttpRequested", False) for name in RAW)


def install() -> None:
    """Add the finder, behind all others."""
    sys.meta_path.append(LastResort())

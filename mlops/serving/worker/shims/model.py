"""`azureml.core.model.Model`, as far as an entry script uses it: finding a model's file.

Knows the folders of this service alone; never speaks to a workspace.
"""

import os
from pathlib import Path
from typing import Any, List, Optional

__all__ = ["Model", "ModelNotFoundException", "WebserviceException"]


class WebserviceException(Exception):  # noqa: N818 - v1's name
    """v1's error of this class."""

    __module__ = "azureml.exceptions"  # what a script's traceback calls it

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ModelNotFoundException(WebserviceException):
    """v1's error of this name."""

    __module__ = "azureml.exceptions"


class Model:
    """A registered model."""

    @staticmethod
    def get_model_path(
        model_name: str, version: Optional[int] = None, _workspace: Any = None
    ) -> str:
        """Return the one file or folder of a model; of its highest version unless one is named."""
        if version is not None and not isinstance(version, int):
            raise WebserviceException("version should be an int")
        if model_name is None:
            raise WebserviceException("model_name is None")
        models = Path(os.environ.get("AML_APP_ROOT", "")) / "azureml-models"
        folder = models / model_name
        if folder.exists():
            if version is None:
                version = latest([entry.name for entry in folder.iterdir()])
            folder = folder / str(version)
            if folder.exists():
                return str(only(folder))
        if Path(model_name).exists():
            return model_name
        raise ModelNotFoundException(
            f"Model {model_name} not found in cache at {models} or in current working directory "
            f"{Path.cwd()}. For more info, set logging level to DEBUG."
        )


def latest(versions: List[str]) -> int:
    """Return the highest version."""
    if not versions:
        raise WebserviceException("versions is empty")
    return max(int(version) for version in versions)


def only(folder: Path) -> Path:
    """Return the one entry of a version's folder."""
    entries = [entry.name for entry in folder.iterdir()]
    if len(entries) != 1:
        raise WebserviceException(
            f"Dir {folder} can contain only 1 file or folder. Found {entries}"
        )
    return folder / entries[0]

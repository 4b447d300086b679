"""The file of the one model that a built-in script serves."""

import os
from pathlib import Path
from typing import Tuple


def model_file(endings: Tuple[str, ...]) -> Path:
    """Return the only file of the model, or the only one with such an ending."""
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    likely = [file for file in files if file.suffix.lower() in endings] or files
    if len(likely) != 1:
        names = ", ".join(str(file.relative_to(folder)) for file in likely) or "none"
        message = f"a model of one file is needed to serve it without a script, found: {names}"
        raise FileNotFoundError(message)
    return likely[0]

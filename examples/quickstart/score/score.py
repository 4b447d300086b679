"""Answer predictions of the diabetes model, one for each row of ten numbers."""

import json
import os
from pathlib import Path

import joblib
import numpy as np

model = None


def init() -> None:
    """Load the model. Called once, before the first request."""
    global model
    model = joblib.load(Path(os.environ["AZUREML_MODEL_DIR"]) / "model.pkl")


def run(raw_data: str) -> list[float]:
    """Predict for `{"data": [[…], …]}`, the body of a request."""
    rows = np.array(json.loads(raw_data)["data"], dtype=float)
    return model.predict(rows).tolist()

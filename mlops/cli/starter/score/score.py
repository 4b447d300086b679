"""Answer predictions of a linear model, one for each row of numbers."""

import json
import os
from pathlib import Path

coefficients: list[float] = []
intercept = 0.0


def init() -> None:
    """Load the model. Called once, before the first request."""
    global coefficients, intercept
    file = Path(os.environ["AZUREML_MODEL_DIR"]) / "coefficients.json"
    model = json.loads(file.read_text(encoding="utf-8"))
    coefficients, intercept = model["coefficients"], model["intercept"]


def run(raw_data: str) -> list[float]:
    """Predict for `{"data": [[…], …]}`, the body of a request."""
    return [predict(row) for row in json.loads(raw_data)["data"]]


def predict(row: list[float]) -> float:
    """Predict for one row, which holds as many numbers as the model has coefficients."""
    products = (a * b for a, b in zip(coefficients, row, strict=True))
    return intercept + sum(products)

"""Serves a scikit-learn model without a script.

Takes `{"data": [[...]], "method": "predict"}`; without a method `predict_proba` where the model
has it, else `predict`. Answers `{method: result}`. Rows are lists, or objects by feature name.
"""

import importlib
import importlib.util
import pickle
from typing import Any, Dict, List, Tuple

from ..inputs import document
from ..refusals import BadInputError, at, kind
from ..wire import JSON
from .found import model_file

ENDINGS = (".pkl", ".pickle", ".joblib", ".sav")
METHODS = ("predict_proba", "predict", "predict_log_proba", "decision_function", "transform")

held: Dict[str, Any] = {}


def init() -> None:
    """Load the model."""
    file = model_file(ENDINGS)
    if importlib.util.find_spec("joblib") is not None:
        held["model"] = importlib.import_module("joblib").load(str(file))
    else:
        held["model"] = pickle.loads(file.read_bytes())  # noqa: S301 - the user's own model
    model = held["model"]
    held["methods"] = [name for name in METHODS if callable(getattr(model, name, None))]
    if not held["methods"]:
        message = f"{file.name} holds {kind(model)}, which has none of {', '.join(METHODS)}"
        raise TypeError(message)


def run(data: str) -> Any:
    """Score the rows."""
    given = document(JSON, data.encode())
    method = given.get("method") or held["methods"][0]
    if method not in held["methods"]:
        choices = ", ".join(held["methods"])
        raise BadInputError("method", f"the model has {choices}")
    if "data" not in given:
        raise BadInputError("data", "it is missing")
    return {method: getattr(held["model"], method)(rows(given["data"]))}


def rows(given: Any) -> Any:
    """Return the rows as the model wants them, each refused that has another width."""
    if not isinstance(given, list) or not given:
        raise BadInputError("data", f"an array of rows is expected, this is {kind(given)}")
    width = getattr(held["model"], "n_features_in_", None)
    names = list(getattr(held["model"], "feature_names_in_", ()))
    if all(isinstance(row, dict) for row in given):
        return named(given, names)
    for index, row in enumerate(given):
        if not isinstance(row, list):
            reason = f"an array is expected, this is {kind(row)}"
            raise BadInputError(at("data", index), reason)
        if width is not None and len(row) != width:
            reason = f"{width} items are expected, there are {len(row)}"
            raise BadInputError(at("data", index), reason)
    return framed(given, names) if names else given


def named(given: List[Dict[str, Any]], names: List[str]) -> Any:
    """Return rows that were given by name, in the model's order."""
    for index, row in enumerate(given):
        for name in names:
            if name not in row:
                raise BadInputError(at(at("data", index), name), "it is missing")
    columns = names or list(given[0])
    return framed([[row.get(name) for name in columns] for row in given], columns)


def framed(table: List[List[Any]], names: List[str]) -> Any:
    """Return a data frame where pandas is; a model that was fitted on one may select by name."""
    if importlib.util.find_spec("pandas") is None:
        return table
    return importlib.import_module("pandas").DataFrame(table, columns=names)


def schemas() -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return what swagger says of the body and of the result."""
    model = held["model"]
    width = getattr(model, "n_features_in_", None)
    row: Dict[str, Any] = {"type": "array", "items": {}}
    if width is not None:
        row.update(minItems=width, maxItems=width)
    methods = held["methods"]
    names = [str(name) for name in getattr(model, "feature_names_in_", ())]
    if names:
        row["description"] = "In this order: " + ", ".join(names)
    takes = {
        "type": "object",
        "required": ["data"],
        "properties": {
            "data": {"type": "array", "items": row},
            "method": {"type": "string", "enum": methods, "default": methods[0]},
        },
        "example": {"data": [[0.0] * (width or 1)], "method": methods[0]},
    }
    results = {name: {"type": "array", "items": {}} for name in methods}
    return takes, {"type": "object", "properties": results, "example": {}}

"""`ModelDataCollector` of v1, writing where this service collects its data.

The released package needs a library that no current image can load. Same calls, same rows, same
columns; a list is one row, a two-dimensional array or a frame is many.
"""

import copy
import csv
import datetime as dt
import io
import os
import sys
import uuid
from typing import Any, Dict, List, Optional, Sequence

from ..collecting import NO_REQUEST
from ..collection import current
from ..sink import COLUMNS, Table

__all__ = ["ModelDataCollector"]

DESIGNATIONS = ("inputs", "predictions", "labels", "signals", "general")
OFF = (
    "Data collection is not enabled. "
    "Set environment variable AML_MODEL_DC_STORAGE_ENABLED to 'true' to enable."
)


class ModelDataCollector:
    """Collects rows of one model under one designation."""

    AML_DC_CORRELATION_HEADER = COLUMNS[0]
    AML_DC_SCORING_TIMESTAMP_HEADER = COLUMNS[1]
    AML_DC_BOUNDARY_HEADER = COLUMNS[2]
    AML_WORKSPACE_HEADER = COLUMNS[3]
    AML_SERVICE_NAME_HEADER = COLUMNS[4]
    AML_MODEL_NAME_HEADER = COLUMNS[5]
    AML_MODEL_VERSION_HEADER = COLUMNS[6]
    AML_REQUEST_ID_HEADER = COLUMNS[7]

    def __init__(  # noqa: PLR0913, PLR0917 - v1's signature
        self,
        model_name: str,
        designation: str = "default",
        feature_names: Optional[List[str]] = None,
        workspace: str = "default/default/default",
        webservice_name: str = "default",
        model_version: Any = "default",
        collection_name: str = "default",
    ) -> None:
        self.model_name = model_name
        self.model_version = str(model_version)
        self.workspace = workspace
        self.service_name = webservice_name
        self.collection_name = collection_name
        self._names = copy.copy(feature_names)
        self._designation = "general" if designation == "default" else designation
        self._source = current()
        self._debug = os.environ.get("AML_MODEL_DC_DEBUG", "").lower() == "true"
        self._marked = self._designation == "inputs"
        if self._designation not in DESIGNATIONS:
            say(f"Incorrect designation value. Supported values: 'default', {DESIGNATIONS}")
            self._source, self._debug = None, False
        elif self._source is None:
            if not self._debug:
                say(OFF)
        else:
            self._source.taken = True
            if self.model_version == "default" and model_name == self._source.model:
                self.model_version = self._source.version

    def collect(self, input_data: Any, user_correlation_id: str = "") -> Optional[Dict[str, Any]]:
        """Keep rows; for inputs, return what `add_correlations` puts beside other rows."""
        if self._source is None and not self._debug:
            return None
        correlations = None
        if self._designation == "inputs":
            correlations = self._correlations(user_correlation_id)
            input_data = self.add_correlations(input_data, correlations)
        header, rows = tabulated(input_data)
        if header is None and self._names is not None:
            header = [*self._names, *(COLUMNS if self._marked else [])]
        if self._debug:
            made = io.StringIO()
            csv.writer(made).writerows(rows if header is None else [header, *rows])
            say(made.getvalue().rstrip())
        self._keep(header, rows)
        return correlations

    def add_correlations(self, input_data: Any, correlations: Optional[Dict[str, Any]]) -> Any:
        """Return the data with v1's columns beside it."""
        if correlations is None:
            return input_data
        self._marked = True
        values = [correlations[name] for name in COLUMNS]
        if isinstance(input_data, list):
            return input_data + values
        if hasattr(input_data, "columns"):
            frame = input_data.copy(deep=False)
            for name, value in zip(COLUMNS, values):
                frame.insert(len(frame.columns), name, value)
            return frame
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(input_data, numpy.ndarray):
            table = numpy.atleast_2d(input_data)
            beside = numpy.repeat(numpy.array([values], dtype=object), table.shape[0], axis=0)
            return numpy.append(table, beside, axis=1)
        return input_data

    def _correlations(self, user_correlation_id: str) -> Dict[str, Any]:
        own = str(uuid.uuid4())
        whole = f"{user_correlation_id}-{own}" if user_correlation_id else own
        if self._source is None:
            return dict.fromkeys(COLUMNS, "default")
        known = self._source.marks(whole, self.model_name, self.model_version, NO_REQUEST)
        return dict(known)

    def _keep(self, header: Optional[Sequence[Any]], rows: List[List[Any]]) -> None:
        source = self._source
        if source is None:
            return
        place = source.place(self.model_name, self.model_version, self._designation)
        now = dt.datetime.now(dt.timezone.utc)
        table = Table(place, header, rows, now)
        source.sink.put(lambda: [table], sum(map(len, rows)) * 16)


def tabulated(data: Any) -> Any:
    """Return the column names, where the data has any, and copies of its rows."""
    if isinstance(data, list):
        return None, [list(data)]
    if hasattr(data, "toPandas"):  # Spark
        data = data.toPandas()
    if hasattr(data, "columns"):
        return [str(name) for name in data.columns], data.values.tolist()
    if hasattr(data, "tolist"):
        rows = data.tolist()
        return None, rows if rows and isinstance(rows[0], list) else [rows]
    raise TypeError("collect() takes a list, a numpy array or a data frame")


def say(text: str) -> None:
    """Write a line to the log, as v1 printed it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

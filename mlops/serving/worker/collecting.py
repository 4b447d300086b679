"""Which data is collected, and the rows that requests and answers make.

On by the `serving.collect` setting or v1's switch `AML_MODEL_DC_STORAGE_ENABLED`. Inputs and
outputs of every answered request are then kept, unless the script collects by itself with
`ModelDataCollector` or `Collector`. The `collect` keys: `store` (an address or a folder that the
files are uploaded to; also `AML_MODEL_DC_STORAGE`), `folder` (default `$AML_APP_ROOT/modeldata`),
`sample` (0 to 1, default 1), `max_bytes` of a file (100 MB; 8 MB with a store), `queue` (10,000
requests), `workspace` (`subscription/group/name`), `boundary` (`hour` or `day`).
"""

import base64
import datetime as dt
import json
import os
import random
import uuid
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from . import wire
from .options import STORED
from .queries import query
from .sink import COLUMNS, Sink, Table

NO_REQUEST = "00000000-0000-0000-0000-000000000000"
Rows = Tuple[List[str], List[List[Any]]]


class Source:
    """Who the collected rows belong to, and where they go."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        environment = os.environ
        root = environment.get("AML_APP_ROOT", "")
        boundary = str(given.get("boundary", environment.get("AML_MODEL_DC_BOUNDARY", "day")))
        folder = Path(given.get("folder") or Path(root) / "modeldata")
        store = given.get("store") or environment.get("AML_MODEL_DC_STORAGE")
        self.hourly = boundary == "hour"
        self.sample = float(given.get("sample", 1.0))
        self.workspace = str(given.get("workspace") or "default/default/default").lower()
        self.service = environment.get("SERVICE_NAME", "default")
        self.model, self.version = model(environment.get("AZUREML_MODEL_DIR", ""))
        self.taken = False  # the script collects by itself
        self.sink = Sink(
            folder if folder.is_absolute() else Path(root) / folder,
            rows=int(given.get("queue", 10_000)),
            size=int(given.get("max_bytes", STORED if store else 100 * 1024 * 1024)),
            hourly=self.hourly,
        )

    def place(self, model: str, version: str, designation: str) -> Tuple[str, ...]:
        """Return the folders above the year."""
        return (*thirds(self.workspace), self.service, model, version, designation)

    def marks(self, correlation: str, model: str, version: str, request: str) -> Dict[str, Any]:
        """Return the values of v1's columns for rows that are taken now."""
        now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
        minutes = 60 if self.hourly else 60 * 24
        known = [correlation, now.isoformat(), minutes, self.workspace, self.service]
        return dict(zip(COLUMNS, [*known, model, version, request]))


class Collecting:
    """Takes frames and their answers. Keeps their bytes; another thread reads them."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def take(self, frame: wire.Frame, answer: bytes) -> None:
        """Keep one request and its answer, if the sample hits it."""
        source = self._source
        if source.sample < 1 and random.random() >= source.sample:  # noqa: S311 - a sample
            return
        marks = source.marks(str(uuid.uuid4()), source.model, source.version, asked(frame[3]))
        weight = len(frame[4]) + len(answer)
        source.sink.put(lambda: tables(source, frame, answer, marks), weight)


def tables(
    source: Source, frame: wire.Frame, answer: bytes, marks: Dict[str, Any]
) -> Sequence[Table]:
    """Make the two tables of a request."""
    output = wire.Frames().feed(answer)[0][4]
    found = [("inputs", given(frame)), ("predictions", read(output))]
    moment = dt.datetime.strptime(  # noqa: DTZ007 - it is UTC, as v1 writes it
        marks[COLUMNS[1]][:19], "%Y-%m-%dT%H:%M:%S"
    )
    made = []
    for designation, value in found:
        names, rows = tabulated(value)
        marked = [[*row, *marks.values()] for row in rows]
        place = source.place(source.model, source.version, designation)
        made.append(Table(place, [*names, *COLUMNS], marked, moment))
    return made


def given(frame: wire.Frame) -> Any:
    """Return what the client sent: the one field of an object, or all of it."""
    value = query(frame[4]) if frame[1] == wire.QUERY else read(frame[4])
    while isinstance(value, dict) and len(value) == 1:
        inner = next(iter(value.values()))
        if not isinstance(inner, (list, dict)):
            break
        value = inner
    return value


def read(text: bytes) -> Any:
    """Read JSON, else text, else base64."""
    try:
        return json.loads(text.decode("utf-8"))
    except UnicodeDecodeError:
        return base64.b64encode(text).decode()
    except (ValueError, RecursionError):
        return text.decode("utf-8")


def tabulated(value: Any) -> Rows:
    """Return names and rows: of a list of objects, of lists, of values, or of one value."""
    rows = value if isinstance(value, list) else [value]
    if rows and all(isinstance(row, dict) for row in rows):
        names = list(dict.fromkeys(key for row in rows for key in row))
        return names, [[cell(row.get(key, "")) for key in names] for row in rows]
    if rows and all(isinstance(row, list) for row in rows):
        width = max(len(row) for row in rows)
        return numbered(width), [[cell(one) for one in row] for row in rows]
    return numbered(1), [[cell(row)] for row in rows]


def numbered(width: int) -> List[str]:
    """Name columns that have no names."""
    return [f"f{index}" for index in range(width)]


def cell(value: Any) -> Any:
    """Return a value as one cell."""
    return json.dumps(value) if isinstance(value, (list, dict, bool)) or value is None else value


def asked(meta: bytes) -> str:
    """Return the id of a request."""
    if not meta:
        return NO_REQUEST
    words = json.loads(meta.decode())
    for name, value in words.get("headers", ()):
        if name.lower() == "x-request-id":
            return str(value)
    return str(words.get("id", NO_REQUEST))


def model(folder: str) -> Tuple[str, str]:
    """Return name and version of the one model of a service."""
    path = Path(folder)
    if folder and path.name.isdigit():
        return path.parent.name, path.name
    return "default", "default"


def thirds(workspace: str) -> Tuple[str, str, str]:
    """Cut `subscription/group/name`."""
    parts = [part for part in workspace.split("/") if part]
    parts = (["default"] * 3 + parts)[-3:]
    return parts[0], parts[1], parts[2]

"""Rows of collected data -> CSV files in v1's layout. Never blocks who hands rows in.

    <folder>/<subscription>/<group>/<workspace>/<service>/<model>/<version>/<designation>/
        <yyyy>/<mm>/<dd>/[<hh>/]data.csv, data_1.csv, ...

Files are rolled by day (by hour where the boundary says so) and by size, and where the columns
change. Several workers append to the same files, each under a lock for as long as one write lasts.
"""

import atexit
import csv
import datetime as dt
import fcntl
import io
import os
import queue
import re
import sys
import threading
from pathlib import Path
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

COLUMNS = [
    "$aml_dc_correlation_id",
    "$aml_dc_scoring_timestamp",
    "$aml_dc_boundary",
    "$aml_workspace",
    "$aml_service_name",
    "$aml_model_name",
    "$aml_model_version",
    "$aml_request_id",
]


class Table(NamedTuple):
    """Rows for one file."""

    place: Tuple[str, ...]
    """Workspace (three parts), service, model, version, designation."""
    header: Optional[Sequence[Any]]
    rows: Sequence[Sequence[Any]]
    moment: dt.datetime


FILE = re.compile(r"data(?:_(\d+))?\.csv$")
Work = Callable[[], Sequence[Table]]

SAY_AGAIN = 60.0
"""Seconds between two lines that say how much was dropped."""


class Sink:
    """A bounded queue and the one thread that writes what is in it."""

    def __init__(self, folder: Path, *, rows: int, size: int, hourly: bool) -> None:
        self.folder = folder
        self.hourly = hourly
        self._size = size
        self._queue: Any = queue.Queue(rows)
        self._room = ROOM
        self._lock = threading.Lock()
        self._dropped = 0
        self.on_drop: Callable[[], None] = lambda: None
        self._thread: Optional[threading.Thread] = None

    def put(self, work: Work, weight: int) -> bool:
        """Take work of so many bytes; drop it, and count that, where there is no room."""
        with self._lock:
            if self._thread is None:
                self._start()
            if weight > self._room:
                self._drop()
                return False
            try:
                self._queue.put_nowait((weight, work))
            except queue.Full:
                self._drop()
                return False
            self._room -= weight
            return True

    def _drop(self) -> None:
        self._dropped += 1
        self.on_drop()

    def drain(self, seconds: float = 1.5) -> None:
        """Wait until what was taken is written, but not for long: a stop has two seconds."""
        end = dt.datetime.now().timestamp() + seconds  # noqa: DTZ005 - a duration
        while self._queue.unfinished_tasks and dt.datetime.now().timestamp() < end:  # noqa: DTZ005
            threading.Event().wait(0.01)
        self._tell()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="data-collection", daemon=True)
        self._thread.start()
        atexit.register(self.drain)

    def _work(self) -> None:
        told = 0.0
        while True:
            weight, work = self._queue.get()
            try:
                for table in work():
                    self._write(table)
            except Exception as error:  # noqa: BLE001 - data collection must not end the service
                sys.stderr.write(f"data collection: {type(error).__name__}: {error}\n")
            finally:
                with self._lock:
                    self._room += weight
                self._queue.task_done()
            now = dt.datetime.now().timestamp()  # noqa: DTZ005 - a duration
            if self._dropped and now - told > SAY_AGAIN:
                told = now
                self._tell()

    def _tell(self) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            sys.stderr.write(
                f"data collection: {dropped} requests were dropped, the queue is full\n"
            )
            sys.stderr.flush()

    def _write(self, table: Table) -> None:
        """Append the rows to the file of their hour or day."""
        parts = [table.moment.strftime(part) for part in ("%Y", "%m", "%d")]
        if self.hourly:
            parts.append(table.moment.strftime("%H"))
        folder = self.folder.joinpath(*(clean(part) for part in table.place), *parts)
        folder.mkdir(parents=True, exist_ok=True)
        text = lines(table.rows)
        header = b"" if table.header is None else lines([table.header])
        there = numbers(folder)
        for number in [*there, there[-1] + 1 if there else 0]:
            if append(folder / name(number), header, text, self._size):
                return
        self._write(table)  # another worker took that number


ROOM = 64 * 1024 * 1024
"""Bytes that may wait to be written."""


def append(path: Path, header: bytes, text: bytes, size: int) -> bool:
    """Append to a file, unless it is full or has other columns."""
    descriptor = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        length = os.fstat(file.fileno()).st_size
        if os.fstat(file.fileno()).st_nlink == 0:  # it was uploaded and removed just now
            return append(path, header, text, size)
        if length == 0:
            os.write(file.fileno(), header + text)
            return True
        if length + len(text) > size or (header and file.read(len(header)) != header):
            return False
        os.write(file.fileno(), text)
        return True


def numbers(folder: Path) -> List[int]:
    """Return the numbers of the files in a folder; finished ones may have been removed."""
    found = [FILE.match(entry.name) for entry in folder.iterdir()]
    return sorted(int(one.group(1) or 0) for one in found if one)


def name(number: int) -> str:
    """Name the so-manieth file of a folder."""
    return f"data_{number}.csv" if number else "data.csv"


def lines(rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows as CSV."""
    made = io.StringIO()
    csv.writer(made).writerows(rows)
    return made.getvalue().encode("utf-8", "replace")


def clean(part: str) -> str:
    """Make one name of a path out of any text."""
    kept: List[str] = [letter if letter not in '/\\:*?"<>|\0' else "_" for letter in str(part)]
    text = "".join(kept)
    return "_" * len(text) if text in {"", ".", ".."} else text

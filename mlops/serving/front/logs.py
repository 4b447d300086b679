"""The server's own lines in the log: as text, or as one JSON object each."""

import json
import logging
import sys
import time
from typing import Any

from .rules import Logs

log = logging.getLogger("mlops_serving")

DATE = "%Y-%m-%dT%H:%M:%S"


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        stamp = time.strftime(DATE, time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start_log() -> None:
    """Write to where the script's output goes; as text until the settings are known."""
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)
    log.setLevel(logging.INFO)
    reshape(Logs())


def reshape(logs: Logs) -> None:
    """Write lines in the form that the settings ask for."""
    lines: logging.Formatter = JsonLines()
    if logs.format == "text":
        lines = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", DATE)
        lines.converter = time.gmtime
    for handler in logging.getLogger().handlers:
        handler.setFormatter(lines)

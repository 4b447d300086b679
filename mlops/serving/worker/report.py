"""Errors of the user's script as people want to read them: without the frames of this server."""

import os
import sys
import traceback
from types import TracebackType
from typing import Any, Dict, List, Optional

STDERR = 2
OURS = __file__.rpartition("/")[0] + "/"


def lines(error: BaseException) -> List[str]:
    """Return the traceback of `error`, from the script's first frame on."""
    if ours(error):
        return [str(error)]
    kind = type(error)
    text = "".join(traceback.format_exception(kind, error, theirs(error.__traceback__)))
    return text.rstrip("\n").split("\n")


def ours(error: BaseException) -> bool:
    """Say whether this server raised it, with words that stand for themselves."""
    return type(error).__module__.startswith("mlops_serving.")


def theirs(trace: Optional[TracebackType]) -> Optional[TracebackType]:
    """Leave out the frames that lead to the script."""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith((OURS, "<frozen importlib")):
            return trace
        trace = trace.tb_next
    return None


def show(error: BaseException) -> None:
    """Write the traceback to the log, even where the script has closed its streams."""
    text = "\n".join(lines(error)) + "\n"
    try:
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        os.write(STDERR, text.encode("utf-8", "backslashreplace"))


def failure(error: BaseException) -> Dict[str, Any]:
    """Return what the front records of an `init()` that failed."""
    summary = lines(error)[-1].strip()
    return {"summary": summary, "log": lines(error)[-40:]}

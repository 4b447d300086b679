"""Runs the benchmarks: `python tests/benchmarks/run.py [NAME…] [--small]`.

`serving` runs when it is named: it takes ten minutes, `wrk` and the packages of five other servers.
"""

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

NAMES = ("services", "quiet", "storing", "starting", "handing", "flat", "seeing", "images")


def main(words: list[str]) -> None:
    """Print the machine and a table."""
    tests = Path(__file__).resolve().parents[1]
    sys.path[0:1] = [str(tests), str(tests.parent)]
    measure: Any = importlib.import_module("benchmarks.measure")
    sys.stdout.write(measure.machine())
    found: list[Any] = []
    for name in [word for word in words if word != "--small"] or NAMES:
        benchmark: Any = importlib.import_module(f"benchmarks.{name}")
        with tempfile.TemporaryDirectory() as folder:
            found += benchmark.rows(Path(folder).resolve(), "--small" in words)
    sys.stdout.write(measure.table(found))


if __name__ == "__main__":
    main(sys.argv[1:])

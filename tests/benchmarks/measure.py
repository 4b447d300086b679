"""What a benchmark comes to: a number beside another one of the same run, and the bar."""

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `ratio` is `measured` over `beside`.

    At most `bar` is wanted; at `least` it, where that is said.
    """

    what: str
    measured: str
    beside: str
    ratio: float
    bar: float
    least: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the words of the line."""
        held = self.ratio >= self.bar if self.least else self.ratio <= self.bar
        bar = f"{'>=' if self.least else '<='} {self.bar:g}"
        told = "yes" if held else "NO"
        return (self.what, self.measured, self.beside, f"{self.ratio:.2f}", bar, told)


HEAD = ("what", "measured", "beside", "ratio", "bar", "held")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text."""
    return aligned([HEAD, *(row.cells for row in rows)])


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of as many cells each as text, its columns aligned."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def machine() -> str:
    """Return which machine this is: numbers of another one say little."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{model}, {os.cpu_count()} cores, Python {python}, load {load:.1f} at the start\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a program took, in seconds, and the most memory of any child so far, in MB."""

    wall: float
    cpu: float
    peak: float


def spent(words: Sequence[str], environ: Mapping[str, str], folder: Path) -> Spent:
    """Run a program; return what it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        words, check=True, env=dict(environ), cwd=folder, stdout=subprocess.DEVNULL, timeout=600
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return Spent(wall=wall, cpu=cpu, peak=peak)

"""The start of the command, with compiled bytecode as an installation has it."""

import compileall
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measure import Row, Spent, spent
from walk import REPO, STARTER

CLICK = (sys.executable, "-c", "import click")
HELP = (sys.executable, "-m", "mlops", "--help")
VALIDATE = (sys.executable, "-m", "mlops", "validate")


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Yield CPU seconds, the best of some rounds each, in turn with importing click."""
    shutil.copytree(REPO / "mlops", folder / "lib" / "mlops")
    compileall.compile_dir(folder / "lib", quiet=2)
    shutil.copytree(STARTER, folder / "work")
    (folder / "work" / "gitignore").rename(folder / "work" / ".gitignore")
    environ = {**os.environ, "PYTHONPATH": str(folder / "lib")}
    rounds = 1 if small else 10
    tries = [
        tuple(spent(words, environ, folder / "work") for words in (CLICK, HELP, VALIDATE))
        for _ in range(rounds)
    ]
    click, help_, validate = ([one[place] for one in tries] for place in range(3))
    yield _told("mlops --help", help_, click, bar=0.15)
    yield _told("mlops validate", validate, click, bar=0.35)


def _told(what: str, found: Sequence[Spent], click: Sequence[Spent], *, bar: float) -> Row:
    """Return the row of a command: its CPU seconds against its bar, and against click's."""
    cpu, beside = min(one.cpu for one in found), min(one.cpu for one in click)
    return Row(
        what=f"{what}: CPU ({cpu / beside:.1f} times `import click`, {beside:.3f} s)",
        measured=f"{cpu:.3f} s",
        beside=f"{bar:g} s",
        ratio=cpu / bar,
        bar=1,
    )

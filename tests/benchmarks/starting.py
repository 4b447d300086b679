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
    """Yield wall and CPU seconds, each the best of some rounds, in turn with importing click."""
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
    yield from _told("mlops --help", help_, click, wall=0.15)
    yield from _told("mlops validate", validate, click, wall=0.15)


def _told(
    what: str, found: Sequence[Spent], click: Sequence[Spent], *, wall: float
) -> Iterator[Row]:
    seconds, cpu = min(one.wall for one in found), min(one.cpu for one in found)
    beside = min(one.wall for one in click)
    yield Row(
        what=f"{what}: seconds ({seconds / beside:.1f} times `import click`, {beside:.3f} s)",
        measured=f"{seconds:.3f} s",
        beside=f"{wall:g} s",
        ratio=seconds / wall,
        bar=1,
    )
    beside = min(one.cpu for one in click)
    yield Row(
        what=f"{what}: CPU ({cpu / beside:.1f} times `import click`, {beside:.3f} s)",
        measured=f"{cpu:.3f} s",
        beside="0.35 s",
        ratio=cpu / 0.35,
        bar=1,
    )

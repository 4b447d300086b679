"""Apply on a terminal: a spinner for each change that runs, the finished ones as lines above.

Loads rich: import it only for a terminal.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from mlops.events import Event, Progressed, Started
from mlops.values import Address
from mlops.views.paper import Paper, plain
from mlops.views.progress import DOING, event, step


@contextmanager
def live(console: Console) -> Iterator[Callable[[Event], None]]:
    """Yield what shows an event; the spinners go when the block ends."""
    spinners = Progress(
        SpinnerColumn(spinner_name="line"),
        TextColumn("{task.description}: {task.fields[step]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with spinners:
        yield _Spinners(spinners).show


class _Spinners:
    """One spinner for each change that runs."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[Address, TaskID] = {}

    def show(self, given: Event) -> None:
        """Start, move or end the spinner of a change."""
        if isinstance(given, Started):
            name = str(given.address)
            doing = f"{DOING[given.action]} ..."
            self._tasks[given.address] = self._progress.add_task(name, total=None, step=doing)
        elif isinstance(given, Progressed):
            if given.address in self._tasks:
                self._progress.update(self._tasks[given.address], step=plain(step(given)))
        else:
            self._end(given)

    def _end(self, given: Event) -> None:
        task = self._tasks.pop(given.address, None)
        if task is not None:
            self._progress.remove_task(task)
        console = self._progress.console
        paper = Paper(color=console.color_system is not None, width=console.width)
        text = event(given, paper).rstrip("\n")
        console.print(Text.from_ansi(text), soft_wrap=True)

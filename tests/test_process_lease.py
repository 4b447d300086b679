"""A run that has lost its lease changes nothing more on this machine, wherever it was."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import make
import psutil
import pytest
from fakes import NoMeans
from test_targets import Row, process
from walk import processes

from mlops.errors import LockedError, Problem
from mlops.means import OwnLease
from mlops.values import Action, Change, Desired

BY_ITSELF = ("server.json", "server.log", "lock", "azureml-models")
"""What a server writes, whoever has the lease."""


class ShortLease(OwnLease):
    """A lease that is lost after so many checks, and remembers what was there then."""

    def __init__(self, folder: Path, checks: int) -> None:
        super().__init__()
        self.left = checks
        self.asked = 0
        self.seen: list[str] | None = None
        self._folder = folder

    def check(self) -> None:
        self.asked += 1
        if self.asked > self.left:
            self.seen = self.seen or tree(self._folder)
            raise LockedError(Problem(summary="the lock was taken"))


def tree(folder: Path) -> list[str]:
    """Return what a folder holds, but for half-written files and what a server writes."""
    return [
        f"{path} {path.read_bytes()!r}" if path.is_file() else str(path)
        for path in sorted((folder / ".mlops").rglob("*"))
        if not any(
            part.startswith(".") or part in BY_ITSELF for part in path.relative_to(folder).parts[1:]
        )
    ]


@pytest.fixture
def row(tmp_path: Path) -> Iterator[Row]:
    yield process(tmp_path)
    for each in processes(tmp_path):
        with suppress(psutil.NoSuchProcess):
            each.kill()


def change(wanted: Desired, *, gone: bool = False) -> Change:
    if gone:
        live = make.observed(wanted.address)
        return make.change(wanted.address, Action.DELETE, before=live, after=None)
    return make.change(wanted.address, after=wanted)


def ends(row: Row, given: Change, lease: OwnLease) -> bool:
    """Make a change under a lease; tell whether it came to its end."""
    assert isinstance(row.means, NoMeans)
    row.means.lease = lease
    try:
        list(row.target.apply(given, row.means))
    except LockedError:
        return False
    return True


def test_what_is_made_and_removed_asks_before_each_step(row: Row, tmp_path: Path) -> None:
    environment, service = row.made[-2:]
    for given in (
        change(environment),
        change(service),
        change(service, gone=True),
        change(environment, gone=True),
    ):
        checks, done = 0, False
        while not done:
            lease = ShortLease(tmp_path, checks)

            done = ends(row, given, lease)

            assert done or tree(tmp_path) == lease.seen, f"{given.address} after {checks} checks"
            checks += 1
        assert checks > 3, f"{given.address} asked {checks} times"

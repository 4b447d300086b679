"""`mlops lock`: pin the packages and the base of each image in `mlops.lock`."""

from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from mlops.cli.filing import write_file
from mlops.cli.image.locking import Asked, asks
from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import open_session
from mlops.cli.terminal import write
from mlops.environments.conda.locked import conda_packages
from mlops.environments.unpack import locked_packages
from mlops.errors import MlopsError, Problem, SpecError, TargetError
from mlops.images.lockfile import NAME, Locked, asked, lock_text
from mlops.means import StoreMeans


@click.command("lock")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    type=click.Choice(["linux/amd64", "linux/arm64"]),
    help="What images shall run on, and nothing else. Default: as their targets, and as before.",
)
@click.option("--upgrade", is_flag=True, help="Take newer packages and bases, where there are.")
@with_files
@with_color
def command(platforms: tuple[str, ...], files: Files, *, upgrade: bool) -> None:
    """Write mlops.lock: each package with its hashes, and the digest of each base image.

    From then on images are made of exactly these. What is locked and still asked for stays as it
    is without `--upgrade`. Processes do not use it: each store locks for them.
    """
    session = open_session(files)
    means = session.means()
    wanted = asks(session, means, platforms)
    if not wanted:
        summary = "nothing of the file is made into an image, so there is nothing to lock"
        raise SpecError(Problem(summary=summary, hint="name a digest in the `image` you bring"))
    entries = _entries(wanted, () if upgrade else session.locked, means)
    file = Path(session.spec.folder) / NAME
    text = lock_text(entries)
    changed = not file.is_file() or file.read_text("utf-8") != text
    if changed:
        write_file(file, text)
    for one in entries:
        count = len(locked_packages(one.packages)) + len(conda_packages(one.conda))
        words = f"{count} package{'s' * (count != 1)} upon {one.image}"
        write(f"{', '.join(one.names)} ({one.facts.platform}): {words}\n")
    write(f"{NAME}: {'written' if changed else 'nothing changed'}.\n")


def _entries(
    wanted: Sequence[Asked], known: Sequence[Locked], means: StoreMeans
) -> tuple[Locked, ...]:
    """Return an entry for each ask; the known ones stay. Raises TargetError with every problem."""
    kept = {one.asked: one for one in known}
    entries, problems = [], []
    for ask in wanted:
        found = kept.get(asked(ask.inputs))
        try:
            entries.append(replace(found, names=ask.names) if found else ask.locked(means))
        except MlopsError as error:
            problems += [replace(each, where=each.where or ask.where) for each in error.problems]
    if problems:
        raise TargetError(*problems)
    return tuple(entries)

"""What an apply that was cut short left in an instance folder, and nothing uses any more."""

import re
import shutil
from pathlib import Path

import psutil

from mlops.targets.process import world

_FRESH = re.compile(r"\.(?:mark|settings)\.json\.([0-9]+)")
_LAID = re.compile(r"\.new|[0-9a-f]{12}")


def leftovers(folder: Path) -> list[Path]:
    """Return the half-written files and the code that nobody uses; what is not ours is no such.

    A server that has yet to get to its settings, or old workers, may still use any code.
    """
    instance = world.instance(folder, None)
    used = Path(str(instance.settings.get("code", ""))).name
    record = instance.record
    unsure = record.get("retiring") or record.get("settings") != instance.settings_digest
    laid = [] if unsure else _matching(folder / "code", _LAID)
    files = [path for path in _matching(folder, _FRESH) if not _writing(path)]
    return sorted([*files, *(path for path in laid if path.name != used)])


def sweep(folder: Path) -> None:
    """Remove what nothing uses any more."""
    for path in leftovers(folder):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _matching(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return []


def _writing(path: Path) -> bool:
    """Tell whether the process that began a file still lives."""
    return psutil.pid_exists(int(path.suffix[1:]))

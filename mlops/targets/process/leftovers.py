"""What an apply that was cut short left in an instance folder, and nothing uses any more."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from mlops.targets.process import world
from mlops.targets.process.private import FOLDER

_FRESH = re.compile(r"\.(?:keys|mark|settings|[0-9a-f]{12})\.json\.([0-9]+)")
_KEYS = re.compile(r"keys\.json")
_SECRETS = re.compile(r"[0-9a-f]{12}\.json")
_LAID = re.compile(r"\.new|[0-9a-f]{12}")


def leftovers(folder: Path) -> list[Path]:
    """Return the half-written files, code and secrets that nobody uses; nothing that is not ours.

    A server that has yet to get to its settings may still use any of it, old workers the code.
    """
    instance = world.instance(folder, None)
    settings, record = instance.settings, instance.record
    used = {Path(str(settings.get("code", ""))).name, _file(settings.get("secret_variables"))}
    unsure = record.get("settings") != instance.settings_digest
    laid = [] if unsure else _matching(folder / FOLDER, _SECRETS)
    laid += [] if unsure or record.get("retiring") else _matching(folder / "code", _LAID)
    laid += [] if unsure or settings.get("auth") is not None else _matching(folder, _KEYS)
    unused = [path for path in laid if path.name not in used]
    files = [*_matching(folder, _FRESH), *_matching(folder / FOLDER, _FRESH)]
    return sorted([*(path for path in files if not _writing(path)), *unused])


def sweep(folder: Path, allowed: Callable[[], None]) -> None:
    """Remove what nothing uses any more, as long as `allowed` does not raise."""
    for path in leftovers(folder):
        allowed()
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _file(told: Any) -> str:
    return Path(str(told.get("file"))).name if isinstance(told, dict) else ""


def _matching(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return []


def _writing(path: Path) -> bool:
    """Tell whether the process that began a file still lives."""
    return psutil.pid_exists(int(path.suffix[1:]))

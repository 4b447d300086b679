"""The lock of a folder, between processes that are killed and stopped."""

from collections.abc import Callable
from pathlib import Path

import lock_scenes
import pytest

from mlops.store.lock import Timing

SHORT = Timing(beat=0.3, stop=1.2, stale=2.4, poll=0.05)


@pytest.mark.parametrize(
    "scene",
    [
        lock_scenes.race,
        lock_scenes.killed_here,
        lock_scenes.killed_elsewhere,
        lock_scenes.stopped,
    ],
)
def test_one_run_at_a_time_writes(
    scene: Callable[[lock_scenes.Scene], None], tmp_path: Path
) -> None:
    file = tmp_path / "written"
    file.touch()

    scene(lock_scenes.Scene(store=str(tmp_path / "store"), file=file, timing=SHORT))

"""Waits for what `rattler` does beside, step by step, so that who waits can stop it."""

import importlib.util
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from mlops.errors import Problem, TargetError
from mlops.values import Progress

Result = TypeVar("Result")

STEP = 0.2
"""Seconds between two looks."""


def waited(work: Coroutine[Any, Any, Result], text: str) -> Generator[Progress, None, Result]:
    """Return what `work` comes to, telling `text` meanwhile. Closing it cancels the work."""
    import asyncio  # noqa: PLC0415 - slow to import

    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    try:
        while not task.done():
            yield Progress(text=text)
            loop.run_until_complete(asyncio.wait([task], timeout=STEP))
        return task.result()
    finally:
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()


def check_rattler() -> None:
    """Raise TargetError where the package that knows conda is not installed."""
    if importlib.util.find_spec("rattler") is None:
        raise TargetError(
            Problem(
                summary="conda packages need `py-rattler`, which is not installed",
                hint="run `pip install 'mlops-apply[conda]'`",
            )
        )

"""Tells what a written path means; none may leave the checkout, however linked, or be Git's."""

import os
from pathlib import Path

from mlops.clients.text import brief, display

GIT = ".git"
"""Runners keep tokens in its configuration, and lines of a broken file are shown."""


class PathError(Exception):
    """A path leads nowhere, or where it may not."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


def within(text: str, base: Path, root: Path) -> Path:
    """Return `text` below `base` without symlinks. Raises PathError where it leaves `root`."""
    if not text.strip():
        raise PathError("the path is empty", "write a path, or remove the key")
    try:
        whole = (base / text).resolve()
        whole.exists()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it leads in a circle"
        raise PathError(f"`{brief(text)}` is no path: {reason.lower()}", "correct it") from error
    if whole.is_relative_to(root):
        if GIT in (part.lower() for part in whole.relative_to(root).parts):
            raise PathError(f"`{brief(text)}` is Git's own", "name a file or folder of yours")
        return whole
    if text.startswith("~"):
        raise PathError(f"`{text}` is not expanded", f"write a path inside of {display(root)}")
    hint = f"move it into the checkout, {root}, or name something that is there"
    if Path(os.path.normpath(base / text)).is_relative_to(root):
        raise PathError(f"`{text}` is a link to {whole}, outside of the checkout", hint)
    raise PathError(f"`{text}` is outside of the checkout", hint)

"""Imports what most scripts do without, once one needs it. The user's files are not in the way.

They may bear the names of modules of the standard library that nobody has imported yet.
"""

import importlib
import importlib.util
import sys
from _thread import get_ident
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any, Optional

STANDARD = list(sys.path)
"""Where modules are looked for without the folders of the script."""


class Undisturbed:
    """Finds modules in the standard places, for the thread that made it."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        """Find a module that is in no package; the others are looked for where their package is."""
        if path is not None or get_ident() != self._thread:
            return None
        return PathFinder.find_spec(name, STANDARD, target)


def late(name: str) -> Any:
    """Return a module: a `.part` of this worker, or one of the standard library."""
    whole = importlib.util.resolve_name(name, __package__)
    found = sys.modules.get(whole)
    spec = getattr(found, "__spec__", None)
    if found is not None and not getattr(spec, "_initializing", False):
        return found
    finder = Undisturbed()
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(whole)
    finally:
        sys.meta_path.remove(finder)

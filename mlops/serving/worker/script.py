"""The user's entry script: loads it, and knows how its `run()` wants to be called."""

import importlib.util
import inspect
import sys
from typing import Any, Callable, List

from .schema import decorated, guard
from .shims.rawhttp import requested

NAME = "entry_module"  # the name that v1's server gives it


class ScriptError(Exception):
    """The script cannot be served as it is written."""


class Script:
    """One loaded entry script."""

    def __init__(self, path: str) -> None:
        spec = importlib.util.spec_from_file_location(NAME, path)
        if spec is None or spec.loader is None:
            raise ScriptError(f"{path} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[NAME] = module  # dataclasses and pickles look their module up
        spec.loader.exec_module(module)
        self.path = path
        self.init = self._function(module, "init")
        self.run = self._function(module, "run")
        self.parameters = parameters(self.run)
        self.wants_headers = "request_headers" in inspect.signature(self.run).parameters
        self.raw = requested()
        self.decorated = decorated(self.run)
        if self.raw and self.decorated:
            raise ScriptError("run() cannot be decorated with both @rawhttp and @input_schema")
        guard()

    def _function(self, module: Any, name: str) -> Callable[..., Any]:
        function = getattr(module, name, None)
        if not callable(function):
            raise ScriptError(f"{self.path} has no function {name}()")
        return function  # type: ignore[no-any-return]


def parameters(run: Callable[..., Any]) -> List[inspect.Parameter]:
    """Return the parameters that carry data, after checking that `run()` can be called."""
    if inspect.iscoroutinefunction(inspect.unwrap(run)):
        raise ScriptError("run() is `async def`, which this server does not support yet")
    found = list(inspect.signature(run).parameters.values())
    allowed = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(parameter.kind not in allowed for parameter in found):
        raise ScriptError("run() cannot accept positional-only arguments, *args, or **kwargs")
    data = [parameter for parameter in found if parameter.name != "request_headers"]
    if not data:
        raise ScriptError("run() needs to accept an argument for input data")
    return data

"""The user's entry script: loads it, and knows how its `run()` wants to be called."""

import importlib
import importlib.util
import inspect
import sys
from types import ModuleType
from typing import Any, Callable, Dict, List

from .late import late
from .shims import requested

NAME = "entry_module"  # the name that v1's server gives it
BUILTIN = "builtin:"
BUILTINS = {"sklearn": ".builtin.scikit", "onnx": ".builtin.graph"}


class ScriptError(Exception):
    """The script cannot be served as it is written."""


class Script:
    """One loaded entry script, and what its `run()` takes.

    `raw`: the request itself. `decorated`: fields, converted by `inference-schema`. `typed`:
    fields, converted by type hints. None of them: the body as text.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.builtin = path.rpartition("/")[2].startswith(BUILTIN)
        self.module = loaded(path)
        # The Designer's generated scripts wrap the real one and pass decorated arguments wrongly.
        driver = getattr(self.module, "driver_module", None)
        inner = driver if isinstance(driver, ModuleType) and hasattr(driver, "run") else self.module
        self.init = self._function(self.module, "init")
        self.run = self._function(inner, "run")
        self.parameters = parameters(self.run)
        self.wants_headers = "request_headers" in inspect.signature(self.run).parameters
        self.raw = requested()
        self.decorated = "inference_schema" in sys.modules and late(".schema").decorated(self.run)
        if self.raw and self.decorated:
            raise ScriptError("run() cannot be decorated with both @rawhttp and @input_schema")
        self.typed = {} if self.raw or self.decorated else typed(self.run, self.parameters)
        self.asynchronous = asynchronous(self.run)

    def start(self) -> None:
        """Call `init()`; one that is `async def` is run to its end."""
        made = self.init()
        if inspect.iscoroutine(made):
            asyncio = late("asyncio")
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)  # run() goes on in it
            loop.run_until_complete(made)

    def _function(self, module: Any, name: str) -> Callable[..., Any]:
        function = getattr(module, name, None)
        if not callable(function):
            raise ScriptError(f"{self.path} has no function {name}()")
        return function  # type: ignore[no-any-return]


def loaded(path: str) -> Any:
    """Run the script's file as a module; `builtin:sklearn` names one of ours."""
    name = path.rpartition("/")[2]
    if name.startswith(BUILTIN):
        kind = name[len(BUILTIN) :]
        if kind not in BUILTINS:
            raise ScriptError(f"there is no built-in script {kind!r}, only {', '.join(BUILTINS)}")
        return importlib.import_module(BUILTINS[kind], __package__)
    spec = importlib.util.spec_from_file_location(NAME, path)
    if spec is None or spec.loader is None:
        raise ScriptError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module  # dataclasses and pickles look their module up
    spec.loader.exec_module(module)
    return module


def parameters(run: Callable[..., Any]) -> List[inspect.Parameter]:
    """Return the parameters that carry data, after checking that `run()` can be called."""
    found = list(inspect.signature(run).parameters.values())
    allowed = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(parameter.kind not in allowed for parameter in found):
        raise ScriptError("run() cannot accept positional-only arguments, *args, or **kwargs")
    data = [parameter for parameter in found if parameter.name != "request_headers"]
    if not data:
        raise ScriptError("run() needs to accept an argument for input data")
    return data


def typed(run: Callable[..., Any], data: List[inspect.Parameter]) -> Dict[str, Any]:
    """Return the hint of each parameter if they opt in (see `hints`), else nothing."""
    if not annotated(run):
        return {}
    hints = late(".hints")
    known = hints.of(run)
    found = {parameter.name: known.get(parameter.name, Any) for parameter in data}
    return found if any(hints.structured(hint) for hint in found.values()) else {}


def annotated(run: Any) -> bool:
    """Say whether a function may have hints."""
    try:
        return bool(getattr(run, "__annotations__", None))
    except Exception:  # noqa: BLE001 - Python 3.14 looks names up only now
        return True


def asynchronous(run: Any) -> bool:
    """Say whether `run()` is `async def`, below its decorators."""
    while run is not None:
        if inspect.iscoroutinefunction(run):
            return True
        run = getattr(run, "__wrapped__", None)
    return False

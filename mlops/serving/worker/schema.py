"""What `inference-schema` knows of a `run()`, asked only where the script imported it."""

import functools
import sys
from typing import Any, Callable, Dict, Iterable, Set

GENERIC: Dict[str, Any] = {"type": "object", "example": {}}
VERSIONS = ("2.0", "3.0", "3.1")


class BadInputError(Exception):
    """The client's input does not fit; the words are for the client."""


def decorated(run: Callable[..., Any]) -> bool:
    """Say whether `run()` bears `@input_schema` or `@output_schema`."""
    util = sys.modules.get("inference_schema.schema_util")
    return util is not None and bool(util.is_schema_decorated(run))


def input_schema(run: Callable[..., Any]) -> Any:
    """Return the schema of the whole body."""
    if not decorated(run):
        return GENERIC
    return sys.modules["inference_schema.schema_util"].get_input_schema(run)


def output_schema(run: Callable[..., Any]) -> Any:
    """Return the schema of the result."""
    if not decorated(run):
        return GENERIC
    return sys.modules["inference_schema.schema_util"].get_output_schema(run)


def supported(run: Callable[..., Any]) -> Set[str]:
    """Return the swagger versions that can express the samples (2.0 knows no mixed arrays)."""
    if not decorated(run):
        return set(VERSIONS)
    return set(sys.modules["inference_schema.schema_util"].get_supported_versions(run))


def guard() -> None:
    """Tell input that cannot be converted from exceptions of the script itself.

    The decorators convert before the script's own code runs, through one function; older releases
    call the parameter types directly.
    """
    decorators = sys.modules.get("inference_schema.schema_decorators")
    if decorators is None:
        return
    name = "_deserialize_input_argument"
    if hasattr(decorators, name):
        setattr(decorators, name, guarded(getattr(decorators, name)))
        return
    types = sys.modules["inference_schema.parameter_types.abstract_parameter_type"]
    for kind in descendants(types.AbstractParameterType):
        if "deserialize_input" in vars(kind):
            kind.deserialize_input = guarded(kind.deserialize_input)


def guarded(convert: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a conversion so that its failures are the client's."""

    @functools.wraps(convert)
    def conversion(*words: Any, **more: Any) -> Any:
        try:
            return convert(*words, **more)
        except BadInputError:
            raise
        except Exception as error:
            raise BadInputError(explained(error, words)) from error

    return conversion


def explained(error: Exception, words: Iterable[Any]) -> str:
    """Say which parameter does not fit, and why."""
    names = [word for word in list(words)[2:] if isinstance(word, str)]
    place = f"the {names[0]!r} parameter" if names else "the input"
    reason = str(error) or type(error).__name__
    return f"The value of {place} does not fit its schema: {reason}"


def descendants(kind: Any) -> Iterable[Any]:
    """Yield every class below `kind`."""
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)

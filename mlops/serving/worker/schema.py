"""What `inference-schema` knows of a `run()`, asked only where the script imported it.

Its parameter types are made to refuse what they would otherwise cut, with the path of the field.
"""

import functools
import sys
from typing import Any, Callable, Dict, Optional, Set, Tuple

from . import arrays, standard, tables
from .refusals import BadInputError, at, kind

VERSIONS = ("2.0", "3.0", "3.1")
TYPES = "inference_schema.parameter_types."


def decorated(run: Callable[..., Any]) -> bool:
    """Say whether `run()` bears `@input_schema` or `@output_schema`."""
    util = sys.modules.get("inference_schema.schema_util")
    return util is not None and bool(util.is_schema_decorated(run))


def input_schema(run: Callable[..., Any]) -> Any:
    """Return the schema of the whole body."""
    return sys.modules["inference_schema.schema_util"].get_input_schema(run)


def output_schema(run: Callable[..., Any]) -> Any:
    """Return the schema of the result."""
    return sys.modules["inference_schema.schema_util"].get_output_schema(run)


def supported(run: Callable[..., Any]) -> Set[str]:
    """Return the swagger versions that can express the samples (2.0 knows no mixed arrays)."""
    ask = getattr(sys.modules["inference_schema.schema_util"], "get_supported_versions", None)
    return set(VERSIONS) if ask is None else set(ask(run))  # releases before 1.2 do not say


def samples(run: Any) -> Dict[str, Any]:
    """Return the parameter types that a `run()` is decorated with, by parameter."""
    found = {}
    while True:
        wrapper = getattr(run, "_self_wrapper", None)
        code = getattr(wrapper, "__code__", None)
        if wrapper is not None and code is not None:
            held = dict(zip(code.co_freevars, wrapper.__closure__ or ()))
            if "param_name" in held and "param_type" in held:
                found[held["param_name"].cell_contents] = held["param_type"].cell_contents
        run = getattr(run, "__wrapped__", None)
        if run is None:
            return found


def guard(run: Any, *, strict: bool) -> None:
    """Make conversions refuse with a path what does not fit; loss too, if `strict`.

    The decorators convert before the script's own code runs, through one function; older releases
    call the parameter types directly, which are then told their names here.
    """
    decorators: Any = sys.modules.get("inference_schema.schema_decorators")
    if decorators is None:
        return
    convert = Conversion(strict=strict)
    if hasattr(decorators, "_deserialize_input_argument"):
        decorators._deserialize_input_argument = convert.argument  # noqa: SLF001 - the one place
        return
    for name, wanted in samples(run).items():
        wanted.deserialize_input = functools.partial(
            convert.old, wanted, type(wanted).deserialize_input, name
        )


class Conversion:
    """JSON values -> what the parameter types say, walking as `inference-schema` does."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def argument(self, value: Any, wanted: Any, name: str) -> Any:
        """Convert one argument."""
        return self._nested(value, wanted, name)

    def old(self, wanted: Any, convert: Any, name: str, value: Any) -> Any:
        """Convert for releases that hand the value to the parameter type itself."""
        return self._leaf(value, wanted, name, functools.partial(convert, wanted))

    def _nested(self, value: Any, wanted: Any, path: str) -> Any:
        sort = wanted.sample_data_type
        if sort is dict:
            return self._object(value, wanted, path)
        if sort in (list, tuple):
            return self._list(value, wanted, path)
        if isinstance(value, sort):
            return value
        return self._leaf(value, wanted, path, wanted.deserialize_input)

    def _object(self, value: Any, wanted: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise BadInputError(path, f"an object is expected, this is {kind(value)}")
        for key, inner in wanted.sample_data_type_map.items():
            if key in value:
                value[key] = self._nested(value[key], inner, at(path, key))
        return value

    def _list(self, value: Any, wanted: Any, path: str) -> Any:
        if not isinstance(value, (list, tuple)):
            raise BadInputError(path, f"an array is expected, this is {kind(value)}")
        inner = wanted.sample_data_type_list
        if not inner:
            return value
        return [self._nested(one, inner[0], at(path, i)) for i, one in enumerate(value)]

    def _leaf(self, value: Any, wanted: Any, path: str, convert: Callable[[Any], Any]) -> Any:
        look, mend = known(wanted)
        if mend is not None:
            value = mend(value, wanted, path)
            if isinstance(value, (bytes, bytearray)) or type(value) is wanted.sample_data_type:
                return value
        if look is not None and self._strict:
            look(value, wanted, path)
        try:
            return convert(value)
        except BadInputError:
            raise
        except Exception as error:
            if look is not None:
                look(value, wanted, path)
            if look is tables.fit:
                tables.moments(value, wanted, path)
            raise BadInputError(path, str(error) or type(error).__name__) from error


Look = Optional[Callable[[Any, Any, str], None]]
Mend = Optional[Callable[[Any, Any, str], Any]]


def known(wanted: Any) -> Tuple[Look, Mend]:
    """Return what looks at values of a parameter type before it does, and what mends them.

    A type of the user's own, that converts by itself, is left to itself.
    """
    kinds = type(wanted).__mro__
    own = next((one.__module__ for one in kinds if "deserialize_input" in vars(one)), "")
    if own == TYPES + "numpy_parameter_type":
        return array, None
    if own == TYPES + "pandas_parameter_type":
        return tables.fit, None
    if own == TYPES + "standard_py_parameter_type":
        return None, standard.mended
    return None, None


def array(value: Any, wanted: Any, path: str) -> None:
    """Look at a value for a numpy parameter."""
    sample = wanted.sample_input
    shape = sample.shape if wanted.enforce_shape else None
    if not wanted.enforce_column_type:
        if not isinstance(value, list):
            raise BadInputError(path, f"an array is expected, this is {kind(value)}")
        return
    arrays.fit(value, sample.dtype, shape, path)


CAUSED = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What a script raises whose input lacks something."""


def misfit(run: Any, arguments: Dict[str, Any], error: BaseException) -> str:
    """Say where the arguments of a `run()` that failed differ from its samples, or nothing.

    A key that the script missed must be the one that its input lacks.
    """
    if not isinstance(error, CAUSED):
        return ""
    key = error.args[0] if type(error) is KeyError and error.args else ""
    for name, wanted in samples(run).items():
        value = arguments.get(name)
        if value is None or type(wanted.sample_input) not in (dict, list, tuple):
            continue
        for sentence, missing in standard.misfits(value, wanted, name):
            if not key or key == missing:
                return sentence
    return ""

"""Type hints of `run()`: which scripts opt in by them, and JSON values -> what they say.

The rule: a `run()` without decorators gets the body as text, as in v1, unless one of its
parameters is annotated with a type that JSON text cannot be: a number, a boolean, a date, an
enumeration, a dataclass, a TypedDict, a NamedTuple, a pydantic model, a Literal, or a container
or union that says what it holds (`List[float]`, `Dict[str, int]`, `Optional[int]`). Then the body
is a JSON object with one field a parameter, each converted to its annotation and refused with its
path where it does not fit. `str`, `bytes`, `Any`, a bare `list` or `dict`, and classes that this
module does not know do not opt in: v1 scripts carry such annotations and still expect text.
"""

import datetime as dt
import decimal
import enum
import inspect
import sys
import typing
import uuid
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import records, standard
from .refusals import BadInputError, at, kind, shown

NOTHING = type(None)
SCALARS = (bool, int, float, dt.date, dt.datetime, dt.time, decimal.Decimal)
LISTS = (list, tuple, set, frozenset)
ABSTRACT = {
    "Sequence": list,
    "MutableSequence": list,
    "Iterable": list,
    "Collection": list,
    "Mapping": dict,
    "MutableMapping": dict,
    "Set": frozenset,
    "AbstractSet": frozenset,
}


def of(function: Any) -> Dict[str, Any]:
    """Return the hints of a function or class, resolved; none if they cannot be."""
    try:
        return dict(typing.get_type_hints(function))
    except Exception:  # noqa: BLE001 - names that only a type checker knows
        return {}


def structured(hint: Any) -> bool:
    """Say whether a parameter with this hint opts in; see the rule above."""
    if hint in SCALARS or hint is uuid.UUID:
        return True
    if union(hint):
        return any(structured(one) for one in arguments(hint) if one is not NOTHING)
    if origin(hint) is not None:
        return literal(hint) or any(not isinstance(one, typing.TypeVar) for one in arguments(hint))
    if not isinstance(hint, type):
        return hasattr(hint, "__supertype__") and structured(hint.__supertype__)
    return issubclass(hint, enum.Enum) or pydantic(hint) or records.fields(hint) is not None


def origin(hint: Any) -> Any:
    """Return `list` for `List[int]` and `list[int]`, nothing for plain classes."""
    found = getattr(hint, "__origin__", None)
    if found is None or str(hint).startswith("typing.Annotated"):
        return found
    extra = getattr(hint, "__extra__", None)  # Python 3.6 keeps the class there
    found = extra if isinstance(extra, type) else found
    name = getattr(found, "__name__", "")
    return ABSTRACT.get(name, found) if found not in LISTS else found


def arguments(hint: Any) -> Tuple[Any, ...]:
    """Return what stands in the brackets."""
    return tuple(getattr(hint, "__args__", None) or getattr(hint, "__values__", None) or ())


def union(hint: Any) -> bool:
    """Say whether a hint is a union, written either way."""
    return getattr(hint, "__origin__", None) is typing.Union or type(hint).__name__ == "UnionType"


def literal(hint: Any) -> bool:
    """Say whether a hint is a `Literal`, of typing or of typing_extensions."""
    return str(getattr(hint, "__origin__", "")).endswith(".Literal") or type(
        hint
    ).__name__.startswith("_Literal")


def pydantic(hint: Any) -> bool:
    """Say whether a class is a pydantic model; never imports pydantic."""
    models: List[Any] = [sys.modules.get("pydantic"), sys.modules.get("pydantic.v1")]
    kinds = tuple(one.BaseModel for one in models if hasattr(one, "BaseModel"))
    return bool(kinds) and isinstance(hint, type) and issubclass(hint, kinds)


def convert(value: Any, hint: Any, path: str) -> Any:
    """Return `value` as the hint says, or refuse it with its path."""
    hint = bare(hint)
    if hint in (Any, object, inspect.Parameter.empty) or isinstance(hint, typing.TypeVar):
        return value
    if union(hint):
        return either(value, arguments(hint), path)
    if literal(hint):
        return one_of(value, arguments(hint), path)
    container = hint if hint in LISTS or hint is dict else origin(hint)
    if container is not None:
        return contained(value, container, arguments(hint), path)
    return single(value, hint, path)


def bare(hint: Any) -> Any:
    """Take NewType and Annotated off a hint."""
    while True:
        if hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif hasattr(hint, "__metadata__"):
            hint = hint.__origin__
        else:
            return hint


def either(value: Any, hints: Tuple[Any, ...], path: str) -> Any:
    """Take the first member that the value fits, an exact one before one it must be turned into."""
    if value is None and NOTHING in hints:
        return None
    refusals: List[BadInputError] = []
    found: List[Any] = []
    for hint in hints:
        try:
            made = convert(value, hint, path)
        except BadInputError as error:
            refusals.append(error)
            continue
        if type(made) is type(value):
            return made
        found.append(made)
    if found:
        return found[0]
    # The member that got deepest into the value is the one the client meant.
    raise max(refusals, key=lambda refusal: len(refusal.path))


def one_of(value: Any, allowed: Tuple[Any, ...], path: str) -> Any:
    """Take one of the values of a `Literal`."""
    for one in allowed:
        if type(one) is type(value) and one == value:
            return one
    choices = ", ".join(repr(one) for one in allowed)
    raise BadInputError(path, f"one of {choices} is expected, this is {shown(value)}")


def contained(value: Any, container: Any, inner: Tuple[Any, ...], path: str) -> Any:
    """Convert a list, a tuple, a set or a dictionary."""
    inner = tuple(Any if isinstance(one, typing.TypeVar) else one for one in inner)
    if container is dict:
        return mapping(value, inner or (Any, Any), path)
    if container not in LISTS:
        return value
    if not isinstance(value, list):
        raise BadInputError(path, f"an array is expected, this is {kind(value)}")
    if container is tuple and inner and inner[-1] is not Ellipsis:
        if len(value) != len(inner):
            reason = f"{len(inner)} items are expected, there are {len(value)}"
            raise BadInputError(path, reason)
        return tuple(convert(one, inner[i], at(path, i)) for i, one in enumerate(value))
    hint = inner[0] if inner else Any
    return container([convert(one, hint, at(path, i)) for i, one in enumerate(value)])


def mapping(value: Any, inner: Tuple[Any, ...], path: str) -> Dict[Any, Any]:
    """Convert a dictionary; keys of other types than strings are read from the JSON keys."""
    if not isinstance(value, dict):
        raise BadInputError(path, f"an object is expected, this is {kind(value)}")
    key_hint, hint = inner
    found = {}
    for key, one in value.items():
        made = key
        if key_hint in (int, float):
            try:
                made = key_hint(key)
            except ValueError:
                reason = f"the key {shown(key)} is no {key_hint.__name__}"
                raise BadInputError(path, reason) from None
        found[made] = convert(one, hint, at(path, key))
    return found


def single(value: Any, hint: Any, path: str) -> Any:
    """Convert what is no container."""
    if hint in PLAIN:
        return PLAIN[hint](value, path)
    if not isinstance(hint, type):
        return value
    if issubclass(hint, enum.Enum):
        members = {repr(member.value): member for member in hint}
        chosen = one_of(value, tuple(member.value for member in hint), path)
        return members[repr(chosen)]
    if pydantic(hint):
        return records.modelled(value, hint, path)
    fields = records.fields(hint)
    if fields is not None:
        return records.built(value, hint, fields, path, convert)
    if not isinstance(value, hint):
        raise BadInputError(path, f"{hint.__name__} is expected, this is {kind(value)}")
    return value


def boolean(value: Any, path: str) -> bool:
    """Read a boolean, from a boolean alone."""
    if not isinstance(value, bool):
        raise BadInputError(path, f"a boolean is expected, this is {shown(value)}")
    return value


def whole(value: Any, path: str) -> int:
    """Read a whole number; 3.0 is one, true is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInputError(path, f"a whole number is expected, this is {shown(value)}")
    return value


def number(value: Any, path: str) -> float:
    """Read a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInputError(path, f"a number is expected, this is {shown(value)}")
    return float(value)


def text(value: Any, path: str) -> str:
    """Read a string, from a string alone."""
    if not isinstance(value, str):
        raise BadInputError(path, f"a string is expected, this is {shown(value)}")
    return value


def nothing(value: Any, path: str) -> None:
    """Read null."""
    if value is not None:
        raise BadInputError(path, f"null is expected, this is {shown(value)}")


def parsed(read: Callable[[str], Any], name: str) -> Callable[[Any, str], Any]:
    """Return what reads a string by `read`."""

    def convert_text(value: Any, path: str) -> Any:
        try:
            return read(text(value, path))
        except (ValueError, ArithmeticError):
            raise BadInputError(path, f"{name} is expected, this is {shown(value)}") from None

    return convert_text


def exact(value: Any, path: str) -> decimal.Decimal:
    """Read a decimal number, from a number or a string."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return decimal.Decimal(str(value))
    made: decimal.Decimal = parsed(decimal.Decimal, "a decimal number")(value, path)
    return made


PLAIN: Dict[Any, Callable[[Any, str], Any]] = {
    bool: boolean,
    int: whole,
    float: number,
    str: text,
    bytes: standard.binary,
    NOTHING: nothing,
    None: nothing,
    dt.date: standard.date,
    dt.datetime: parsed(standard.moment, "a time like 2019-05-31T10:00:00Z"),
    dt.time: parsed(standard.clock, "a time like 10:00:00"),
    decimal.Decimal: exact,
    uuid.UUID: parsed(uuid.UUID, "a UUID"),
}


def default(parameter: inspect.Parameter) -> Optional[Any]:
    """Return the default of a parameter as JSON may show it, or nothing."""
    given = parameter.default
    return given if isinstance(given, (bool, int, float, str)) else None

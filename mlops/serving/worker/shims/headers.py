"""HTTP headers with the words that Flask has for them: any case, several of one name."""

import re
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

Pairs = List[Tuple[str, str]]

NAME = re.compile(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$")
VALUE = re.compile(r"^[\t\x20-\x7e\x80-\xff]*$")
MISSING = object()


class Headers:
    """Headers by name, whatever the case. Iterates over pairs, as Flask's do; `dict()` works."""

    def __init__(self, given: Iterable[Tuple[Any, Any]] = ()) -> None:
        joined: Dict[str, Tuple[str, str]] = {}
        for name, value in given:
            key = name.lower()
            old = joined.get(key)
            joined[key] = (name.title(), value if old is None else old[1] + "," + value)
        self._all: Pairs = list(joined.values())

    def __getitem__(self, name: str) -> str:
        for one, value in self._all:
            if one.lower() == name.lower():
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(one.lower() == str(name).lower() for one, _ in self._all)

    def __iter__(self) -> Iterator[Tuple[str, str]]:
        return iter(list(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._all!r})"

    def get(
        self,
        name: str,
        default: Any = None,
        type: Optional[Callable[[str], Any]] = None,  # noqa: A002 - Flask's name
    ) -> Any:
        """Return a value, turned by `type` if it is given, or the default."""
        try:
            value = self[name]
            return value if type is None else type(value)
        except (KeyError, ValueError):
            return default

    def getlist(self, name: str) -> List[str]:
        """Return every value of a name."""
        return [value for one, value in self._all if one.lower() == name.lower()]

    get_all = getlist

    def keys(self) -> Iterator[str]:
        """Yield the names."""
        return iter([name for name, _ in self._all])

    def values(self) -> Iterator[str]:
        """Yield the values."""
        return iter([value for _, value in self._all])

    def items(self) -> Iterator[Tuple[str, str]]:
        """Yield the pairs."""
        return iter(self)

    def to_wsgi_list(self) -> Pairs:
        """Return the pairs."""
        return list(self._all)


class ResponseHeaders(Headers):
    """Headers that a script may set, add and take away."""

    def __setitem__(self, name: str, value: Any) -> None:
        self.remove(name)
        self._all.append((str(name), str(value)))

    def __delitem__(self, name: str) -> None:
        self.remove(name)

    def add(self, name: str, value: Any = "", **_parameters: Any) -> None:
        """Add one, beside others of the same name."""
        self._all.append((str(name), str(value)))

    add_header = add

    def set(self, name: str, value: Any = "") -> None:
        """Set one, in the place of others of the same name."""
        self[name] = value

    def setdefault(self, name: str, value: Any) -> str:
        """Set one, unless it is there; return what is there."""
        if name not in self:
            self[name] = value
        return self[name]

    def remove(self, name: str) -> None:
        """Take away every one of a name."""
        self._all = [pair for pair in self._all if pair[0].lower() != name.lower()]

    def pop(self, name: str, default: Any = MISSING) -> Any:
        """Take one away and return its value."""
        if name not in self and default is MISSING:
            raise KeyError(name)
        value = self.get(name, default)
        self.remove(name)
        return value

    def update(self, given: Any = (), **more: Any) -> None:
        """Set several."""
        items = given.items() if hasattr(given, "items") else given
        for name, value in [*items, *more.items()]:
            self[name] = value

    def extend(self, given: Any) -> None:
        """Add several."""
        for name, value in given.items() if hasattr(given, "items") else given:
            self.add(name, value)


def pairs(headers: Any) -> Pairs:
    """Return headers (ours, a dict's or Flask's) as pairs of strings that HTTP allows."""
    items = headers.items() if hasattr(headers, "items") else headers
    found = [(str(name), str(value)) for name, value in items]
    for name, value in found:
        if not NAME.match(name) or not VALUE.match(value):
            message = f"header {name!r} cannot be sent"
            raise ValueError(message)
    return found

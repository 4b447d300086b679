"""What the client got wrong, with the path of the field; and how such a path is written."""

from typing import Any


class RefusedError(Exception):
    """The request is answered without calling `run()`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BadInputError(Exception):
    """The client's input does not fit; the words are for the client."""

    def __init__(self, path: str, reason: str) -> None:
        place = f"`{path}`" if path else "The body"
        super().__init__(f"{place} does not fit its schema: {reason}")
        self.path = path
        self.reason = reason


def at(path: str, key: Any) -> str:
    """Return the path of what lies under `key`: `data[3]`, `Inputs.age`, `rows["a b"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not path:
        return str(key)
    return f"{path}.{key}" if str(key).isidentifier() else f'{path}["{key}"]'


def shown(value: Any) -> str:
    """Return a value as it may stand in a sentence: short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


KINDS = (
    (bool, "a boolean"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
    (type(None), "null"),
)


def kind(value: Any) -> str:
    """Name the JSON type of a value."""
    for one, name in KINDS:
        if isinstance(value, one):
            return name
    return type(value).__name__

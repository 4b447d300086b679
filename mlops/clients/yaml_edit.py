"""Changes one value of a YAML text, and not a character of anything else.

Positions come from the parser; what was made is parsed again, and must say just that much more.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mlops.clients.text import text_source
from mlops.clients.yaml import Document, parse, scalar
from mlops.clients.yaml_tree import Entry, Node
from mlops.errors import Problem, SpecError
from mlops.plain import canonical, thaw

KEPT = 2
"""Steps to an entry of a section, which stays though nothing may be left of it."""

_PLAIN = re.compile(r"[A-Za-z_/][\w./@+-]*( [\w./@+()-]+)*", re.ASCII)
_ALIAS = re.compile(r"\s*:\s*(\*[^\s,\]}]+)")
_ANCHOR = re.compile(r"([&!]\S+\s*)*")
_FOREIGN = {"yes", "no", "on", "off", "y", "n"}
"""Text here, and no text to readers of older YAML."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class _Edit(Struct, frozen=True):
    """The characters from `start` to `end` give way to `text`."""

    start: int
    end: int
    text: str


def with_value(text: str, name: str, path: Sequence[str], value: Any) -> str:
    """Return a YAML text in which `path` leads to `value`; None takes it out.

    What is empty without it goes too. Raises SpecError where that changes anything else.
    """
    before = parse(text_source(name, text))
    if before.problems:
        raise SpecError(*before.problems)
    if value is None:
        if path[-1] not in _at(before.data, path[:-1]):
            return text
        path = _emptied(before.data, path)
    wanted = _wanted(before.data, path, value)
    edit = _Editor(text, before).edit(path, value)
    if edit is not None:
        made = text[: edit.start] + edit.text + text[edit.end :]
        after = parse(text_source(name, made))
        if not after.problems and canonical(after.data) == canonical(wanted):
            return made
    raise SpecError(
        Problem(
            summary=f"`{'.'.join(path)}` can't be written without changing something else",
            where=before.value(tuple(path)),
            hint="an anchor shares it, or it is laid out in an unusual way: write it by hand",
        )
    )


def _emptied(data: Any, path: Sequence[str]) -> Sequence[str]:
    """Return the path of the largest thing that holds nothing but what `path` leads to."""
    while len(path) - 1 > KEPT and len(_at(data, path[:-1])) == 1:
        path = path[:-1]
    return path


def _at(data: Any, path: Sequence[str]) -> Mapping[str, Any]:
    """Return the mapping that a path leads to; an empty one if it leads to none."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _wanted(data: Any, path: Sequence[str], value: Any) -> Any:
    """Return a copy of data that says what is wanted."""
    if not path:
        return thaw(value)
    copy = dict(data) if isinstance(data, dict) else {}
    if value is None and len(path) == 1:
        copy.pop(path[0], None)
    else:
        copy[path[0]] = _wanted(copy.get(path[0]), path[1:], value)
    return copy


class _Editor:
    """Finds the characters to change in one text."""

    def __init__(self, text: str, document: Document) -> None:
        self._text = text
        self._root = document.root
        self._line = "\r\n" if "\r\n" in text else "\n"

    def edit(self, path: Sequence[str], value: Any) -> _Edit | None:
        """Return the change; None where it can't be told what to change."""
        chain = list(_chain(self._root, path))
        around = chain[-2].node if len(chain) > 1 else self._root
        if len(chain) == len(path):
            return self._out(around, chain[-1]) if value is None else self._over(chain[-1], value)
        parent = chain[-1].node if chain else self._root
        if value is None or not isinstance(parent.value, dict):
            return None
        if chain and self._alias(chain[-1]):
            return None
        for key in reversed(path[len(chain) + 1 :]):
            value = {key: value}
        return self._into(parent, path[len(chain)], value)

    def _over(self, entry: Entry, value: Any) -> _Edit | None:
        """Write a value over another one, in its quotes."""
        node, key = entry.node, entry.key
        alias = self._alias(entry)
        if alias:
            return _Edit(*alias, flow(value))
        end = self._end(entry)
        if key is None or end is None:
            return None
        if node.children is not None and not self._is_flow(node):
            begin = self._text.index(":", key.end.index) + 1
            beside = self._text[begin : self._line_end(begin)]
            comment = beside if beside.lstrip().startswith("#") else ""
            return _Edit(begin, end, f" {flow(value)}{comment}")
        return _Edit(node.start.index, end, flow(value, self._text[node.start.index]))

    def _into(self, parent: Node, key: str, value: Any) -> _Edit | None:
        """Add a key behind the last one."""
        entries = list((parent.children or {}).values())
        written = f"{flow(key)}: {flow(value)}"
        if not entries:
            return _Edit(parent.start.index, parent.end.index, f"{{{written}}}")
        end, first = self._end(entries[-1]), entries[0].key
        if end is None or first is None:
            return None
        if self._is_flow(parent):
            return _Edit(end, end, f", {written}")
        place = self._line_end(end)
        return _Edit(place, place, f"{self._line}{' ' * first.start.column}{written}")

    def _out(self, parent: Node, entry: Entry) -> _Edit | None:
        """Take a key and its value out."""
        end, key = self._end(entry), entry.key
        if end is None or key is None:
            return None
        if self._is_flow(parent):
            return self._out_of_flow(list((parent.children or {}).values()), entry)
        begin = self._text.rfind("\n", 0, key.start.index) + 1
        if self._text[begin : key.start.index].strip(" "):
            return None
        place = self._line_end(end)
        return _Edit(begin, place + len(self._line) if place < len(self._text) else place, "")

    def _out_of_flow(self, entries: Sequence[Entry], entry: Entry) -> _Edit | None:
        place = next(number for number, one in enumerate(entries) if one is entry)
        following = entries[place + 1].key if place + 1 < len(entries) else None
        if following is not None and entry.key is not None:
            return _Edit(entry.key.start.index, following.start.index, "")
        start = self._end(entries[place - 1]) if place else None
        end = self._end(entry)
        return None if start is None or end is None else _Edit(start, end, "")

    def _end(self, entry: Entry) -> int | None:
        """Return where what is written of a value ends; None for what an alias in a list ends."""
        node, key = entry.node, entry.key
        alias = self._alias(entry)
        if alias:
            return alias[1]
        if key is not None and node.start.index == node.end.index and not node.children:
            return self._text.index(":", key.end.index) + 1  # nothing is written
        if node.children and not self._is_flow(node):
            last = list(node.children.values())[-1]
            inside = node.start.index <= last.node.start.index
            return self._end(last) if inside or last.key else None
        start: int = node.start.index
        return start + len(self._text[start : node.end.index].rstrip())

    def _alias(self, entry: Entry) -> tuple[int, int] | None:
        """Return where the alias stands that is written for a value, if one is."""
        if entry.key is None:
            return None
        found = _ALIAS.match(self._text, entry.key.end.index)
        return found.span(1) if found else None

    def _is_flow(self, node: Node) -> bool:
        found = _ANCHOR.match(self._text, node.start.index)
        begin = found.end() if found else node.start.index
        return self._text[begin : begin + 1] in ("{", "[")

    def _line_end(self, place: int) -> int:
        """Return where the line of a place ends, its comment included."""
        end = self._text.find(self._line, place)
        return len(self._text) if end < 0 else end


def _chain(node: Node, path: Sequence[str]) -> Iterator[Entry]:
    """Yield what is there of a path, step by step."""
    for step in path:
        entry = (node.children or {}).get(step) if isinstance(node.value, dict) else None
        if entry is None:
            return
        yield entry
        node = entry.node


def flow(value: Any, quote: str = "") -> str:
    """Return a value in one line, text in these quotes if they will do."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow, value))}]"
    return _text(value, quote) if isinstance(value, str) else str(value)


def _text(text: str, quote: str) -> str:
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    bare = _PLAIN.fullmatch(text) and scalar(text) == text and text.lower() not in _FOREIGN
    return text if bare and quote != '"' else f'"{"".join(map(_escaped, text))}"'


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"

"""Builds a tree of nodes from YAML events, one event at a time, within limits.

Nothing here recurses, so nesting cannot exhaust the stack; an alias costs what it stands for.
"""

from collections.abc import Hashable
from typing import Any, Final, NamedTuple

import yaml
from msgspec import Struct, field

from mlops.clients.scalars import CORE, ScalarError, plain, tagged
from mlops.clients.text import Source
from mlops.clients.yaml_words import TOO_DEEP
from mlops.errors import Problem, Where

DEPTH: Final = 64
"""How deep lists and mappings may be nested, aliases followed."""

NODES: Final = 500_000
"""How many values a file may hold, each alias counted as what it stands for."""


class Broken:
    """Stands for a value that could not be read; its problem is told already."""


BROKEN: Final = Broken()


class Node(NamedTuple):
    """A value with its place; `start` and `end` are the parser's marks, counted from 0."""

    value: Any
    start: Any
    end: Any
    size: int = 1
    height: int = 0
    children: "dict[Hashable, Entry] | None" = None


class Entry(NamedTuple):
    """What a mapping holds under a key, or a list at an index (then without a key)."""

    key: Node | None
    node: Node


class StopError(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.summary)
        self.problem = problem


class _Open(Struct):
    """A list or a mapping that has begun and not ended."""

    event: Any
    value: Any
    is_mapping: bool
    children: dict[Hashable, Entry] = field(default_factory=dict)
    key: Node | None = None
    dropped: bool = False
    refused: bool = False
    size: int = 1
    height: int = 0


class Remarks:
    """What there is to say of a file, each with its place."""

    def __init__(self, source: Source) -> None:
        self.problems: list[Problem] = []
        self.source = source

    def place(self, start: Any, end: Any) -> Where:
        """Return the place between two marks, cut at the end of the first line."""
        lines = self.source.lines
        width = end.column - start.column
        if end.line != start.line and start.line < len(lines):
            width = len(lines[start.line].rstrip()) - start.column
        return self.source.where(start.line + 1, start.column + 1, width)

    def tell(self, summary: str, hint: str, event: Any) -> None:
        """Note a problem, and go on."""
        where = self.place(event.start_mark, event.end_mark)
        self.problems.append(Problem(summary=summary, where=where, hint=hint))

    def stop(self, summary: str, hint: str, event: Any) -> None:
        """Raise StopError: the rest makes no sense."""
        where = self.place(event.start_mark, event.end_mark)
        raise StopError(Problem(summary=summary, where=where, hint=hint))


class Tree:
    """Takes events one by one; ends with `root`, and remarks on the way."""

    def __init__(self, remarks: Remarks) -> None:
        self.root: Node | None = None
        self._said = remarks
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0
        self._documents = 0

    def feed(self, event: Any) -> None:
        """Take the next event. Raises StopError when the rest makes no sense."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._finish(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            hint = "write one file for each, and name them all with `-f`"
            self._said.stop("a file may hold only one document", hint, event)

    def _scalar(self, event: Any) -> None:
        self._count(1, event)
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.is_mapping and parent.key is None:
            self._key(parent, event)
            return
        value = self._value(event)
        self._add(Node(value, event.start_mark, event.end_mark), event.anchor)

    def _value(self, event: Any) -> Any:
        if "\0" in event.value:
            self._said.tell("text may not hold the character U+0000", "delete it", event)
            return BROKEN
        try:
            if event.tag is None:
                return plain(event.value) if event.implicit[0] else event.value
            if self._known_tag(event, ("str", "int", "float", "bool", "null")):
                return tagged(event.tag, event.value)
        except ScalarError as error:
            self._said.tell(
                str(error), f"put it in quotes if text is meant: {_quoted(event)}", event
            )
        return BROKEN

    def _key(self, parent: _Open, event: Any) -> None:
        """Remember the key that the next value belongs to; a wrong one drops that value."""
        key = event.value
        parent.key = Node(key, event.start_mark, event.end_mark)
        if event.implicit[0] and key == "<<":
            parent.dropped = True
            self._said.tell("there are no merge keys", "write the keys out", event)
        elif not isinstance(self._value(event), str):
            shown = f"`{key}`" if key else "nothing"
            self._said.tell(
                f"a key must be text, not {shown}", f"put it in quotes: {_quoted(event)}", event
            )
        elif key in parent.children:
            parent.dropped = True
            first = parent.children[key].key
            where = self._said.place(first.start, first.end) if first else None
            other = f"{where.file}:{where.line}:{where.column}" if where else "above"
            self._said.tell(
                f"`{key}` is written twice", f"remove one; the first is at {other}", event
            )

    def _begin(self, event: Any) -> None:
        self._count(1, event)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if self._open and self._open[-1].is_mapping and self._open[-1].key is None:
            hint = "write plain text as the key; put text that begins with `{` or `[` in quotes"
            self._said.stop("a key must be text, not a list or a mapping", hint, event)
        if len(self._open) >= DEPTH:
            self._said.stop(TOO_DEEP, "write it flatter", event)
        opened = _Open(event, {} if is_mapping else [], is_mapping)
        if event.tag is not None:
            opened.refused = not self._known_tag(event, ("map",) if is_mapping else ("seq",))
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(opened)

    def _finish(self, event: Any) -> None:
        done = self._open.pop()
        start = done.event.start_mark
        value = BROKEN if done.refused else done.value
        node = Node(value, start, event.end_mark, done.size, done.height + 1, done.children)
        self._add(node, done.event.anchor)

    def _alias(self, event: Any) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.is_mapping and parent.key is None:
            self._said.stop("a key must be text, not an alias", "write the text out", event)
        node = self._anchors.get(event.anchor)
        if node is None:
            node = Node(BROKEN, event.start_mark, event.end_mark)
            if event.anchor in self._anchors:
                summary = f"the alias `*{event.anchor}` is inside of what it stands for"
                self._said.tell(summary, "write the value out", event)
            else:
                hint = (
                    f"write `&{event.anchor}` before the value above that is meant, or use quotes"
                )
                self._said.tell(f"there is no anchor `&{event.anchor}` above", hint, event)
        self._count(node.size, event)
        if len(self._open) + node.height > DEPTH:
            self._said.stop(
                f"this alias nests deeper than {DEPTH} levels", "write it flatter", event
            )
        self._add(node, None)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += node.size
        parent.height = max(parent.height, node.height)
        if not parent.is_mapping:
            parent.children[len(parent.value)] = Entry(None, node)
            parent.value.append(node.value)
            return
        key, parent.key = parent.key, None
        if key is not None and not parent.dropped:
            parent.children[key.value] = Entry(key, node)
            parent.value[key.value] = node.value
        parent.dropped = False

    def _known_tag(self, event: Any, names: tuple[str, ...]) -> bool:
        tag = event.tag
        if tag == "!" or tag in {CORE + name for name in names}:
            return True
        shown = f"!!{tag.removeprefix(CORE)}" if tag.startswith(CORE) else tag
        summary = f"YAML is data here: the tag `{shown}` is refused"
        where = self._said.source.where(
            event.start_mark.line + 1, event.start_mark.column + 1, len(shown)
        )
        self._said.problems.append(Problem(summary=summary, where=where, hint="remove the tag"))
        return False

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > NODES:
            summary = (
                f"this makes more than {NODES:,} values, aliases counted as what they stand for"
            )
            self._said.stop(summary, "write less, or split the file", event)


def _quoted(event: Any) -> str:
    return f'`"{event.value}"`' if len(event.value) < 40 else '`"..."`'

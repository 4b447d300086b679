"""Reads YAML as plain data with the place of every key and value, from libyaml's events.

Never makes objects, merges keys or runs anything: YAML is data.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from msgspec import Struct

from mlops.clients.scalars import ScalarError, plain
from mlops.clients.text import Source, control_character, position, read_source
from mlops.clients.yaml_tree import BROKEN, Broken, Entry, Node, Remarks, StopError, Tree
from mlops.clients.yaml_words import parser_problem
from mlops.errors import Problem, SpecError, Where

__all__ = ["BROKEN", "Broken", "Document", "Steps", "parse", "read", "scalar", "unread"]

Steps: TypeAlias = tuple[Hashable, ...]
"""The keys and indexes that lead to a value."""


class Document(Struct, frozen=True, kw_only=True):
    """A YAML file: its data, the place of each key and value, and what is wrong with it.

    Where `whole` is false the rest of the file could not be read, and `data` is BROKEN.
    """

    source: Source
    remarks: Remarks
    root: Node
    problems: tuple[Problem, ...]

    @property
    def data(self) -> Any:
        """The plain data: dictionaries, lists, text, numbers, booleans and None."""
        return self.root.value

    @property
    def whole(self) -> bool:
        """Tell whether the file could be read to its end."""
        return self.root.value is not BROKEN

    def value(self, path: Steps) -> Where:
        """Return the place of a value, or of the nearest value around it that exists."""
        entry = self._entry(path)
        node = entry.node
        if node.start.index == node.end.index and entry.key is not None:
            node = entry.key  # nothing is written: the key is what people can see
        return self.remarks.place(node.start, node.end)

    def key(self, path: Steps) -> Where:
        """Return the place of a key; of the value, for an item of a list."""
        entry = self._entry(path)
        node = entry.key or entry.node
        return self.remarks.place(node.start, node.end)

    def raw(self, path: Steps) -> str:
        """Return the first line of a value as it is written."""
        where = self.value(path)
        return where.text[where.column - 1 : where.column - 1 + where.width]

    def inside(self, path: Steps, text: str, nth: int) -> Where:
        """Return the place of the `nth` occurrence, from 0, of `text` in a scalar as written."""
        node = self._entry(path).node
        start, end = node.start, node.end
        for line in range(start.line, min(end.line + 1, len(self.source.lines))):
            words = self.source.lines[line]
            words = words[: end.column] if line == end.line else words
            column = start.column if line == start.line else 0
            while (column := words.find(text, column)) >= 0:
                if nth == 0:
                    return self.source.where(line + 1, column + 1, len(text))
                nth, column = nth - 1, column + len(text)
        return self.value(path)

    def _entry(self, path: Steps) -> Entry:
        entry = Entry(None, self.root)
        for step in path:
            found = (entry.node.children or {}).get(step)
            if found is None:
                return entry
            entry = found
        return entry


def read(path: Path, asked: Where | None = None) -> Document:
    """Return what a YAML file says, with every problem in it. `asked` is what names the file."""
    try:
        source = read_source(path, asked)
    except SpecError as error:
        return unread(Source(file=str(path), text="", lines=()), *error.problems)
    control = control_character(source)
    if control is not None:
        return unread(source, control)
    return parse(source)


def scalar(text: str) -> Any:
    """Return what `text` means where a scalar is expected; text that is no scalar stays text."""
    try:
        return plain(text.strip()) if text.strip() else text
    except ScalarError:
        return text


def parse(source: Source) -> Document:
    """Return what a text says."""
    remarks = Remarks(source)
    tree = Tree(remarks)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(source.text, Loader=loader):
            tree.feed(event)
    except StopError as error:
        return unread(source, *remarks.problems, error.problem)
    except yaml.MarkedYAMLError as error:
        return unread(source, *remarks.problems, parser_problem(source, error))
    except yaml.reader.ReaderError as error:
        line, column = position(source.text, error.position)
        where = source.where(line, column)
        problem = Problem(
            summary="this character may not stand in YAML", where=where, hint="delete it"
        )
        return unread(source, problem)
    if tree.root is None or tree.root.value is None:
        hint = "begin with `version: 1`"
        problem = Problem(summary="the file is empty", where=source.where(1, 1), hint=hint)
        return unread(source, *remarks.problems, problem)
    return Document(
        source=source, remarks=remarks, root=tree.root, problems=tuple(remarks.problems)
    )


def unread(source: Source, *problems: Problem) -> Document:
    """Return the document that nothing can be said of but its problems."""
    nowhere = yaml.Mark(source.file, 0, 0, 0, None, 0)
    root = Node(BROKEN, nowhere, nowhere)
    return Document(source=source, remarks=Remarks(source), root=root, problems=problems)

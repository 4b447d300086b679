"""Rewrites YAML with its comments, through ruamel.yaml, whose objects never leave this module.

Scalars stay as they are written: nothing is read as a number, a date or a boolean.
"""

import io
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct

from mlops.errors import Problem, SpecError

WIDEST = 1 << 30
"""Columns: no line is broken."""


class Span(Struct, frozen=True):
    """Where a key, a value or a list stands, counted from 0; `end` is its last line."""

    line: int
    column: int
    end: int
    scalar: bool


def spans(text: str) -> Iterator[Span]:
    """Yield the place of everything that is written, in order: the same for any layout."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.NodeEvent):
            start: Any = event.start_mark
            end: Any = event.end_mark
            last = end.line if end.column else end.line - 1
            scalar = isinstance(event, yaml.ScalarEvent)
            yield Span(start.line, start.column, max(last, start.line), scalar)


def rewritten(text: str) -> str:
    """Return YAML indented by two, lists below their key by two more, one space after a colon."""
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415  30 ms, for what rewrites alone

    door = _door()
    written = io.StringIO()
    try:
        door.dump(door.load(text), written)
    except (YAMLError, NotImplementedError) as error:
        first = (str(error).splitlines() or ["it is not understood"])[0]
        problem = Problem(
            summary=f"cannot rewrite this YAML: {first}", hint="look with `mlops validate`"
        )
        raise SpecError(problem) from error
    return written.getvalue()


def _door() -> Any:
    """Return a reader and writer that keeps comments, quotes and the text of every scalar."""
    from ruamel.yaml import YAML  # noqa: PLC0415  as above
    from ruamel.yaml.resolver import BaseResolver  # noqa: PLC0415  as above

    class Verbatim(BaseResolver):
        """Takes every plain scalar for text."""

        def __init__(self, version: Any = None, loader: Any = None, loadumper: Any = None) -> None:
            super().__init__(loadumper or loader)
            self.version = version

        @property
        def processing_version(self) -> tuple[int, int]:
            """The version of YAML that it writes."""
            return (1, 2)

    door: Any = YAML(typ="rt", pure=True)
    door.Resolver = Verbatim
    door.preserve_quotes = True
    door.allow_duplicate_keys = True
    door.width = WIDEST
    door.indent(mapping=2, sequence=4, offset=2)
    return door

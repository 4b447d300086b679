"""Says in plain words what libyaml's parser found wrong, and what to do about it."""

from typing import Any, NamedTuple

from mlops.clients.text import Source
from mlops.errors import Problem


class _Words(NamedTuple):
    """What a part of the parser's message means. `opening`: the start is the better place."""

    message: str
    summary: str
    hint: str
    opening: bool = False


_INDENT = "indent with spaces, each key exactly under the keys it belongs with"
_QUOTE = 'put the text in quotes: `"..."`'
_FITS = f"{_INDENT}; {_QUOTE} if it has signs of YAML"
TOO_DEEP = "this is nested deeper than 64 levels"
_TABLE = (
    _Words("maximum nesting depth", TOO_DEEP, "write it flatter"),
    _Words("tab character", "a tab may not indent YAML", "use spaces"),
    _Words("'\\t' that cannot start", "a tab may not indent YAML", "use spaces"),
    _Words("unexpected end of stream", "this quote is never closed", "close it", opening=True),
    _Words("unexpected document separator", "this quote is never closed", "close it", opening=True),
    _Words("',' or ']'", "this `[` is not closed", "", opening=True),
    _Words("',' or '}'", "this `{` is not closed", "", opening=True),
    _Words(
        "mapping values are not allowed", "a `:` is not expected here", f"{_QUOTE}, or {_INDENT}"
    ),
    _Words(
        "sequence entries are not allowed", "a list cannot begin here", "write it on the next line"
    ),
    _Words("expected key", "this does not belong to the keys above", _FITS),
    _Words("<block end>", "this does not belong to the keys above", _FITS),
    _Words("'-' indicator", "this is no item of the list above", _INDENT),
    _Words(
        "expected ':'",
        "this line is no `key: value`",
        "write a `:` and a space after the key",
        opening=True,
    ),
    _Words("document start", "this does not belong to what stands above", _INDENT),
    _Words("node content", "a value is missing here", f"write a value, or {_QUOTE}"),
    _Words(
        "alphabetic or numeric",
        "`*` and `&` have a meaning of their own in YAML",
        _QUOTE,
        opening=True,
    ),
    _Words(
        "unknown escape",
        "no such escape in double quotes",
        "use single quotes, or write `\\\\` for a `\\`",
    ),
    _Words("escape code", "no such character", "correct the escape"),
    _Words(
        "hexdecimal number", "this escape needs more digits", "use single quotes, or write `\\\\`"
    ),
    _Words("tag", "YAML is data here: no tags", "remove the tag"),
    _Words("YAML document", "this YAML version is not known", "remove the `%YAML` line"),
    _Words(
        "comment or line break",
        "nothing may follow a `|` or `>` on its line",
        "begin the text on the next line",
    ),
)


def parser_problem(source: Source, error: Any) -> Problem:
    """Return the problem that a `yaml.MarkedYAMLError` tells, at its place."""
    message = f"{error.problem or ''} {error.context or ''}"
    mark = error.problem_mark or error.context_mark
    words = next((row for row in _TABLE if row.message in message), None)
    if words is None:
        words = _Words("", f"this is no YAML: {error.problem}", "correct it here or just above")
    words = _closer(words, source, mark, message)
    if words.opening and error.context_mark is not None:
        mark = error.context_mark
    where = source.where(*_within(source, mark.line + 1, mark.column + 1))
    return Problem(summary=words.summary, where=where, hint=words.hint)


def _closer(words: _Words, source: Source, mark: Any, message: str) -> _Words:
    """Look at the character where the parser stopped, which tells more than its message."""
    line = source.lines[mark.line] if mark.line < len(source.lines) else ""
    here = line[mark.column : mark.column + 1]
    if line[: mark.column].endswith("$") and here == "{":
        summary = "`${...}` inside `[]` or `{}` needs quotes"
        return _Words("", summary, 'write `"${var.NAME}"`')
    if "\\t" in words.message or (here == "\t" and not line[: mark.column].strip()):
        return _Words("", "a tab may not indent YAML", "use spaces")
    if here and here in "@`%" and "that cannot start" in message:
        return _Words("", f"text cannot begin with `{here}` in YAML", _QUOTE)
    if "',' or" in words.message:
        closing = words.message[-2]
        hint = f"close it with `{closing}`, and put a `,` between the items"
        return words._replace(
            hint=hint, summary=f"this `{'[' if closing == ']' else '{'}` is not closed"
        )
    return words


def _within(source: Source, line: int, column: int) -> tuple[int, int]:
    """Return the last place of the text for a place behind its end."""
    last = max(1, len(source.lines))
    if line > last or (line == last and last > 1 and not source.lines[-1]):
        line = last - 1 if last > 1 and not source.lines[-1] else last
        column = len(source.lines[line - 1]) + 1
    return line, column

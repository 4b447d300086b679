"""Reads an entry script without running it: its syntax, and its `init` and `run`."""

import ast
import io
import keyword
import sys
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from mlops.clients.text import Source, display
from mlops.errors import Problem, Where

LIMIT = 512 * 1024
"""Bytes of the longest script: its tree takes some 900 times as many."""

_DEFINE = {
    "init": "define `def init():` at the top level; it loads the model once",
    "run": "define `def run(data):` at the top level; it answers each request",
}


def check_script(path: Path, where: Where, python: tuple[int, int]) -> list[Problem]:
    """Return what is wrong with an entry script that `where` names, for a Python version."""
    name = path.name
    if path.suffix != ".py":
        hint = "name a file that ends in `.py`"
        return [Problem(summary=f"`{name}` is no Python file", where=where, hint=hint)]
    if not path.stem.isidentifier() or keyword.iskeyword(path.stem):
        hint = f"rename it to letters, digits and `_`, as `{_identifier(path.stem)}.py`"
        return [Problem(summary=f"`{name}` cannot be imported", where=where, hint=hint)]
    try:
        text = _text(path)
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError) as error:
        hint = "save it as UTF-8 text of at most 512 KiB that everybody may read"
        return [
            Problem(summary=f"`{name}` cannot be read: {_reason(error)}", where=where, hint=hint)
        ]
    return _check_text(path, text, where, python)


def _check_text(path: Path, text: str, where: Where, python: tuple[int, int]) -> list[Problem]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names = set(_names(ast.parse(text, filename=path.name).body))
    except SyntaxError as error:
        # The script may be newer than the Python that runs this.
        return [] if python > sys.version_info[:2] else [_syntax(path, text, error)]
    except (ValueError, RecursionError, MemoryError):
        hint = "make it simpler, and save it as text"
        return [Problem(summary=f"`{path.name}` cannot be parsed", where=where, hint=hint)]
    return [
        Problem(summary=f"`{path.name}` has no `{name}` function", where=where, hint=hint)
        for name, hint in _DEFINE.items()
        if not names & {name, "*"}
    ]


def _text(path: Path) -> str:
    """Return the text of a script in the encoding that it declares."""
    with path.open("rb") as file:
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise ValueError("it is larger than 512 KiB")
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return io.TextIOWrapper(io.BytesIO(data), encoding).read()


def _syntax(path: Path, text: str, error: SyntaxError) -> Problem:
    lines = tuple(text.split("\n"))
    source = Source(file=display(path), text=text, lines=lines)
    line = min(max(error.lineno or 1, 1), len(lines))
    column = min(max(error.offset or 1, 1), len(lines[line - 1]) + 1)
    width = 1
    if error.end_lineno == error.lineno and error.end_offset:
        width = min(error.end_offset, len(lines[line - 1]) + 1) - column
    message = error.msg or "invalid syntax"
    return Problem(
        summary=f"the entry script is no Python: {message[:1].lower()}{message[1:]}",
        where=source.where(line, column, width),
        hint=f"correct it; `python -m py_compile {path.name}` says the same",
    )


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """Yield every name that the statements bind, those of `if`, `try` and `with` included."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
            continue
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in statement.names)
        for node in ast.iter_child_nodes(statement):
            if isinstance(node, ast.expr):
                yield from _bound(node)
            elif isinstance(node, ast.ExceptHandler):
                yield from _names(node.body)
            elif isinstance(node, ast.stmt):
                yield from _names([node])


def _bound(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, (ast.Tuple, ast.List)):
        for item in node.elts:
            yield from _bound(item)


def _identifier(stem: str) -> str:
    name = "".join(letter if letter.isalnum() else "_" for letter in stem)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"script_{name}"


def _reason(error: Exception) -> str:
    reason = str(getattr(error, "strerror", None) or error)
    return f"{reason[:1].lower()}{reason[1:]}"

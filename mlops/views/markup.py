"""Foreign text within HTML and Markdown: escaped, on one line, naming nobody.

Everything goes into blocks of HTML, so that nothing of it is read as Markdown.
"""

import re
from collections.abc import Iterable
from html import escape

from mlops.views.paper import plain
from mlops.views.words import short

BREAK = "&#8203;"
"""A space without width: after it, nobody is mentioned and no issue is referred to."""

_CALLS = re.compile(r"[@#](?=\w)|(?<=\bGH)-(?=\d)", re.IGNORECASE)
_QUOTED = re.compile(r"`([^`]+)`")


def html(text: str) -> str:
    """Return a text as HTML shows it."""
    return escape(plain(text), quote=True)


def code(text: str) -> str:
    """Return a text as code, where GitHub looks for no names; digests are shortened."""
    return f"<code>{html(short(text))}</code>"


def lines(texts: Iterable[str]) -> str:
    """Return lines for a `<pre>`; a blank one keeps a space, since it would end the HTML."""
    return "\n".join(html(line) if line.strip() else "&nbsp;" for line in texts)


def prose(text: str) -> str:
    """Return a sentence: what stands in backticks as code, the rest without mentions."""
    parts = _QUOTED.split(plain(text))
    return "".join(code(part) if number % 2 else _quiet(part) for number, part in enumerate(parts))


def _quiet(text: str) -> str:
    """Escape between the signs that call somebody, so that no entity is broken."""
    parts = []
    end = 0
    for found in _CALLS.finditer(text):
        parts += [escape(text[end : found.end()]), BREAK]
        end = found.end()
    return "".join([*parts, escape(text[end:])])

"""What a reader of GitHub's Markdown sees: elements, and the text that stands outside of code."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt

QUIET = {"code", "pre"}
"""Elements in which GitHub looks for no names."""


@dataclass(slots=True)
class Seen:
    """The elements of a page in order, with their attributes, and the texts outside of code."""

    tags: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    strays: int = 0
    """Items that are in no list: GitHub removes them."""
    loud: str = ""
    quiet: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen()
        self._within: list[str] = []
        self._lists = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.tags.append(tag)
        self.seen.attributes |= {name for name, _ in attrs}
        self._lists += tag == "ul"
        self.seen.strays += tag == "li" and not self._lists
        if tag in QUIET:
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._lists -= tag == "ul"
        if tag in QUIET:
            self._within.remove(tag)

    def handle_data(self, data: str) -> None:
        if self._within:
            self.seen.quiet += data
        else:
            self.seen.loud += data


def seen(markdown: str) -> Seen:
    """Return what is seen of a Markdown document with HTML in it."""
    reader = _Reader()
    reader.feed(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown))
    return reader.seen

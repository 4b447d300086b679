"""Makes one file of several, section by section, and keeps where each entry was written."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from mlops.clients.yaml import BROKEN, Document, Steps
from mlops.errors import Problem, Where
from mlops.load.read import File
from mlops.load.suggest import nearest
from mlops.schema import SECTIONS

_AGREED = ("version", "project", "store")


class Merged(Struct, kw_only=True):
    """The data of all files, and the place of each key and value.

    `complete` is false where a part is missing because it could not be read; `written` holds the
    text of each scalar that came from a variable; `hidden` has the place of each value that stands
    where only the place of a secret may, so that nothing shows it; `loose` has section, entry and
    name of each tag that tells of a commit.
    """

    files: Sequence[File]
    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[Steps, File] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    written: dict[Steps, str] = field(default_factory=dict)
    hidden: list[Where] = field(default_factory=list)
    loose: set[Steps] = field(default_factory=set)
    complete: bool = True

    def file(self, path: Steps) -> File:
        """Return the file that holds a key."""
        return self.origins.get(path[:2]) or self.origins.get(path[:1]) or self.files[0]

    def value(self, path: Steps) -> Where:
        """Return the place of a value."""
        return self._document(path).value(path)

    def key(self, path: Steps) -> Where:
        """Return the place of a key."""
        return self._document(path).key(path)

    def raw(self, path: Steps) -> str:
        """Return a value as it is written, or as the variable's is."""
        return self.written.get(path) or self._document(path).raw(path)

    def inside(self, path: Steps, text: str, nth: int) -> Where:
        """Return the place of an occurrence of `text` in a scalar."""
        return self._document(path).inside(path, text, nth)

    def entries(self, section: str) -> dict[str, Any]:
        """Return the entries of a section by name."""
        entries = self.data.get(section)
        return entries if isinstance(entries, dict) else {}

    def knows(self, section: str) -> bool:
        """Tell whether every name of a section is known, so that another is wrong."""
        return self.complete and section not in self.broken

    def _document(self, path: Steps) -> Document:
        return self.file(path).document


def merge(files: Sequence[File]) -> tuple[Merged, list[Problem]]:
    """Return one file made of all, and each contradiction with both places."""
    merged = Merged(files=files)
    problems: list[Problem] = []
    for file in files:
        data = file.document.data
        if not isinstance(data, dict):
            merged.complete = False
            if data is not BROKEN:
                problems.append(_no_mapping(file))
            continue
        for key, value in data.items():
            problems += _take(merged, file, key, value)
    for key in merged.data:
        near = nearest(key, SECTIONS)
        if near and near not in merged.data:
            merged.broken.add(near)  # a misspelt section: its names are not unknown
    return merged, problems


def _take(merged: Merged, file: File, key: str, value: Any) -> list[Problem]:
    document = file.document
    if key in SECTIONS:
        return _take_section(merged, file, key, value)
    if key not in merged.data:
        merged.data[key] = value
        merged.origins[key,] = file
        return []
    if key in _AGREED and merged.data[key] == value:
        return []
    first = merged.value((key,))
    other = f"{first.file}:{first.line}:{first.column}"
    summary = f"`{key}` is said twice, and differently"
    return [
        Problem(
            summary=summary, where=document.value((key,)), hint=f"keep one; the other is at {other}"
        )
    ]


def _take_section(merged: Merged, file: File, section: str, value: Any) -> list[Problem]:
    if not isinstance(value, dict):
        merged.broken.add(section)
        return [] if value is BROKEN else [_no_section(file, section, value)]
    entries = merged.data.setdefault(section, {})
    merged.origins.setdefault((section,), file)
    problems = []
    for name, entry in value.items():
        if name not in entries:
            entries[name] = entry
            merged.origins[section, name] = file
            continue
        first = merged.key((section, name))
        hint = f"rename or remove one; the first is at {first.file}:{first.line}:{first.column}"
        where = file.document.key((section, name))
        summary = f"`{name}` is defined twice in `{section}`"
        problems.append(Problem(summary=summary, where=where, hint=hint))
    return problems


def _no_mapping(file: File) -> Problem:
    found = "a list" if isinstance(file.document.data, list) else "text"
    return Problem(
        summary=f"the file must hold keys, not {found}",
        where=file.document.value(()),
        hint="begin with `version: 1`, then `project: …` and the sections",
    )


def _no_section(file: File, section: str, value: Any) -> Problem:
    where = file.document.value((section,))
    if value is None:
        hint = "write an entry below it, indented, or remove the key"
        return Problem(summary=f"`{section}` is empty", where=where, hint=hint)
    found = "a list" if isinstance(value, list) else f"`{file.document.raw((section,))}`"
    hint = f"write a name and a `:` for each entry below `{section}`, indented"
    summary = f"`{section}` must be entries by name, not {found}"
    return Problem(summary=summary, where=where, hint=hint)

"""Reads requirements: plain names with versions. Whatever runs code or looks elsewhere is refused.

`packaging` is imported only for lines that are not of the simplest form: it costs 60 ms.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from mlops.clients.text import Source, brief
from mlops.errors import Problem, Where

MOST = 20_000
"""Lines of the longest file of requirements."""

LONGEST = 1000
"""Characters of the longest requirement."""

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_SIMPLEST = re.compile(rf"({_NAME})(?:(==|>=|<=|~=|<|>)([0-9]+(?:\.[0-9]+)+))?")
_COMMENT = re.compile(r"(^|\s)#.*$")
_ELSEWHERE = "keep it in the checkout's code, or publish it as a package"
_INDEX = "remove it; packages come from the index that this machine is set up for"
_OPTIONS = {
    ("-e", "--editable"): "an editable package", ("-r", "--requirement"): "another file",
    ("-c", "--constraint"): "a constraints file",
    ("-i", "--index-url", "--extra-index-url", "--no-index"): "a package index",
    ("-f", "--find-links", "--trusted-host"): "another place of packages",
}  # fmt: skip
_HINTS = {
    "an editable package": _ELSEWHERE,
    "another file": "copy its lines into this file",
    "a constraints file": "write the versions into this file",
    "a package index": _INDEX,
    "another place of packages": _INDEX,
}


class Requirement(Struct, frozen=True, kw_only=True):
    """A requirement as written, and in the one form that equal ones share."""

    text: str
    normal: str
    where: Where


class RequirementError(Exception):
    """A line is no plain requirement."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


def read_requirements(source: Source) -> tuple[tuple[Requirement, ...], tuple[Problem, ...]]:
    """Return the requirements of a file, and a problem for each line that is none."""
    if len(source.lines) > MOST:
        hint = "name the right file; what others need is found when the versions are locked"
        summary = f"`{source.file}` has more than {MOST:,} lines"
        return (), (Problem(summary=summary, where=source.where(MOST, 1), hint=hint),)
    found, problems = [], []
    for text, where in _lines(source):
        try:
            found.append(requirement(text, where))
        except RequirementError as error:
            problems.append(Problem(summary=error.summary, where=where, hint=error.hint))
    return tuple(found), tuple(problems)


def requirement(text: str, where: Where) -> Requirement:
    """Return the plain requirement that `text` is. Raises RequirementError with what to do."""
    if len(text) > LONGEST:
        hint = f"write a name and its versions, in at most {LONGEST} characters"
        raise RequirementError(f"`{brief(text)}` is no requirement", hint)
    _check_option(text)
    _check_place(text)
    simple = _SIMPLEST.fullmatch(text)
    if simple is not None:
        name, operator, version = simple.groups(default="")
        return Requirement(text=text, normal=f"{_canonical(name)}{operator}{version}", where=where)
    return Requirement(text=text, normal=_parsed(text), where=where)


def _lines(source: Source) -> Iterator[tuple[str, Where]]:
    """Yield each requirement, continued lines joined, with the place where it begins."""
    joined: list[str] = []
    start = 0
    for number, line in enumerate(source.lines, 1):
        start = start or number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            joined.append(line[:-1])
            continue
        text = _COMMENT.sub("", "".join((*joined, line))).strip()
        if text:
            first = source.lines[start - 1]
            shown = _COMMENT.sub("", first).rstrip("\\ \t").strip()
            column = len(first) - len(first.lstrip()) + 1
            yield text, source.where(start, column, len(shown))
        joined, start = [], 0
    if text := "".join(joined).strip():
        yield text, source.where(start, 1, len(source.lines[start - 1]))


def _check_option(text: str) -> None:
    word = re.split(r"[\s=]", text, maxsplit=1)[0]
    for names, noun in _OPTIONS.items():
        short = any(len(name) == 2 and word.startswith(name) for name in names)
        if word in names or (short and not word.startswith("--")):
            raise RequirementError(f"`{word}` names {noun}, no plain requirement", _HINTS[noun])
    if "--hash" in text:
        hint = "remove the hashes; they are found when the versions are locked"
        raise RequirementError("`--hash` is no part of a plain requirement", hint)
    if text.startswith("-"):
        raise RequirementError(f"`{word}` is an option, no plain requirement", "remove the line")
    if " --" in text:
        raise RequirementError("options are no part of a plain requirement", "remove them")


def _check_place(text: str) -> None:
    head = text.partition(";")[0].strip()
    if re.search(r"(^|@\s*)(git|hg|svn|bzr)\+", head):
        raise RequirementError("an address of version control is no plain requirement", _ELSEWHERE)
    if " @ " in head or re.search(r"@\s*(\w+:|\.|/)", head):
        name = head.partition("@")[0].strip()
        hint = f"write `{name}==` and a version"
        raise RequirementError("`name @ address` is no plain requirement", hint)
    if "://" in head:
        raise RequirementError("an address is no plain requirement", _ELSEWHERE)
    if head.startswith((".", "/", "~")) or "/" in head or "\\" in head:
        raise RequirementError("a path is no plain requirement", _ELSEWHERE)
    if head.endswith((".whl", ".zip", ".tar.gz", ".tar.bz2", ".txt", ".in")):
        hint = "write the name of the package, `==` and its version"
        raise RequirementError("a file is no plain requirement", hint)
    if "${" in text:
        raise RequirementError("no variable may stand in a requirement", "write the value out")


def _parsed(text: str) -> str:
    from packaging.requirements import InvalidRequirement  # noqa: PLC0415 - slow to import
    from packaging.requirements import Requirement as Parsed  # noqa: PLC0415 - as above

    try:
        parsed = Parsed(text)
    except (InvalidRequirement, RecursionError) as error:
        raise RequirementError(f"`{brief(text)}` is no requirement", _guess(text)) from error
    if parsed.url:
        raise RequirementError("`name @ address` is no plain requirement", _ELSEWHERE)
    parsed.name = _canonical(parsed.name)
    return str(parsed)


def _guess(text: str) -> str:
    single = re.fullmatch(rf"({_NAME}(?:\[.*\])?)\s*=\s*([^=\s]+)", text)
    spaced = re.fullmatch(rf"({_NAME})\s+([0-9][^\s]*)", text)
    found = single or spaced
    if found is not None:
        return f"write `{found[1]}=={found[2]}`"
    return "write a name and its versions, as `numpy==1.26.4` or `numpy>=1.26,<2`"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

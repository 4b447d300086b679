"""Reads the extra lines of a Dockerfile that a base gets. Runs none of them."""

import re
from pathlib import Path

from mlops.clients.text import Source, control_character, read_source
from mlops.errors import Problem, SpecError, Where

LARGEST = 64 * 1024
"""Characters of the longest file."""

REFUSED = {
    "from": "name the base by `base_image`",
    "copy": "nothing lies beside these lines: put the file into `base_image`, or fetch it by `RUN`",
    "add": "nothing lies beside these lines: put the file into `base_image`, or fetch it by `RUN`",
}
"""Instructions that make no sense here, and what to do instead."""

_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\b")


def read_steps(path: Path, asked: Where) -> tuple[str, list[Problem]]:
    """Return the lines of a file, or what is wrong with them. `asked` is what names the file."""
    try:
        source = read_source(path, asked)
    except SpecError as error:
        return "", list(error.problems)
    control = control_character(source)
    if control:
        return "", [control]
    if len(source.text) > LARGEST:
        summary, hint = "these are more than 64 KiB of steps", "put them into a `base_image`"
        return "", [Problem(summary=summary, where=asked, hint=hint)]
    return source.text.strip("\n"), _problems(source)


def _problems(source: Source) -> list[Problem]:
    problems = []
    goes_on = False
    for number, line in enumerate(source.lines, 1):
        found = _INSTRUCTION.match(line)
        word = found[1] if found and not goes_on else ""
        if found and word.lower() in REFUSED:
            where = source.where(number, found.start(1) + 1, len(word))
            summary = f"`{word}` is no extra step"
            problems.append(Problem(summary=summary, where=where, hint=REFUSED[word.lower()]))
        if not line.lstrip().startswith("#"):  # a comment within a line that goes on ends nothing
            goes_on = line.rstrip().endswith("\\")
    return problems

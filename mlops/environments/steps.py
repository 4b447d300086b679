"""Reads the extra lines of a Dockerfile that a base gets. Runs none of them."""

from collections.abc import Iterator
from pathlib import Path

from mlops.clients.text import Source, brief, control_character, read_source
from mlops.errors import Problem, SpecError, Where

LARGEST = 64 * 1024
"""Characters of the longest file."""

KEPT = ("arg", "env", "label", "run", "shell", "user", "workdir")
"""Instructions that change a base; of the others an image would have nothing."""

_FILES = "nothing lies beside these lines: put the file into `base_image`, or fetch it by `RUN`"
_STARTS = "remove it: the server starts and ends as the deployment says"

REFUSED = {
    "from": "name the base by `base_image`",
    "copy": _FILES,
    "add": _FILES,
    "cmd": _STARTS,
    "entrypoint": _STARTS,
    "stopsignal": _STARTS,
    "expose": "remove it: the port is that of the deployment, `port`",
    "healthcheck": "remove it: the server is asked at /readyz; write `checks` of the deployment",
    "volume": "remove it: what a service may write goes with it, but for `collect_model_data`",
    "onbuild": "remove the word: its step is run now",
    "maintainer": "write `LABEL maintainer=...`",
}
"""Instructions that make no sense here, and what to do instead."""


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
    found = tuple(_begun(source))
    problems = [problem for one in found for problem in _problems(*one)]
    if not found:
        summary, hint = f"`{source.file}` has no step", "write one, as `RUN ...`, or remove the key"
        problems = [Problem(summary=summary, where=asked, hint=hint)]
    return source.text.strip("\n"), problems


def _begun(source: Source) -> Iterator[tuple[str, str, Where]]:
    """Yield the word of each instruction, what follows it on its line, and its place."""
    goes_on = False
    for number, line in enumerate(source.lines, 1):
        plain = line.strip()
        if not plain or plain.startswith("#"):
            continue  # within an instruction that goes on too
        if not goes_on:
            word, *rest = plain.split(maxsplit=1)
            where = source.where(number, line.index(word) + 1, len(word))
            yield word, rest[0] if rest else "", where
        goes_on = plain.endswith("\\")


def _problems(word: str, rest: str, where: Where) -> Iterator[Problem]:
    name = word.lower()
    if name in REFUSED:
        summary = f"`{word}` is no extra step"
        yield Problem(summary=summary, where=where, hint=REFUSED[name])
    elif name not in KEPT:
        known = ", ".join(f"`{one.upper()}`" for one in KEPT)
        hint = f"write one of {known}; a line that goes on ends with `\\`"
        summary = f"`{brief(word)}` is no instruction of a Dockerfile"
        yield Problem(summary=summary, where=where, hint=hint)
    elif name == "run" and rest.startswith("--"):
        option = rest.split(maxsplit=1)[0].partition("=")[0]
        hint = "remove it: files, secrets and keys of a machine are not shown to extra steps"
        yield Problem(summary=f"`RUN {brief(option)}` is no extra step", where=where, hint=hint)

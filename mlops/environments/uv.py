"""Runs the program `uv` the same way everywhere: a clean environment, an empty folder, no config.

Never reads a file of the checkout, never installs a Python.
"""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops.errors import Problem, TargetError

_KEPT = (
    "UV_CACHE_DIR",
    "UV_CERT",
    "UV_CLIENT_CERT",
    "UV_CONCURRENT_",
    "UV_DEFAULT_INDEX",
    "UV_EXCLUDE_NEWER",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_HTTP_",
    "UV_INDEX",
    "UV_INSECURE_",
    "UV_KEYRING_PROVIDER",
    "UV_LINK_MODE",
    "UV_NATIVE_TLS",
    "UV_NO_CACHE",
    "UV_OFFLINE",
    "UV_PYTHON_INSTALL_DIR",
    "UV_REQUEST_",
    "UV_SYSTEM_CERTS",
)
"""The settings of uv that say how to reach packages; the others would change what is made."""

_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_CERT": "SSL_CERT_FILE",
}
"""What pip was told, for who told uv nothing: `pip install` of ourselves worked with it."""

_DROPPED = ("UV_", "PYTHON", "CONDA_", "VIRTUAL_ENV")
_MARKS = re.compile(r"^\s*(?:(error|cause|hint|warning):|([\u00d7╰├]─*▶?)|[│|])\s*")
_PASSWORD = re.compile(r"(?<=://)[^/\s@]+@")


class WheelError(TargetError):
    """A required package has no wheel: it would have to be built from source."""


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without what would change a result: uv's and Python's own settings."""
    kept = {
        name: value
        for name, value in environ.items()
        if name.startswith(_KEPT) or not name.startswith(_DROPPED)
    }
    told = any("INDEX" in name for name in kept if name.startswith("UV_"))
    for theirs, ours in _PIP.items():
        if theirs in environ and (ours == "SSL_CERT_FILE" or not told):
            kept.setdefault(ours, environ[theirs])
    # pyenv's shims are scripts that fail for every version but the chosen one, and uv trips on it.
    paths = kept.get("PATH", "").split(os.pathsep)
    kept["PATH"] = os.pathsep.join(path for path in paths if Path(path).name != "shims")
    return kept | {"NO_COLOR": "1", "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never"}


def run(words: Sequence[str], *, uv: Path | None = None) -> str:
    """Run `uv WORDS` and return what it prints. Raises TargetError with uv's own words."""
    output = ""
    for stream, line in lines(words, uv=uv):
        output += line if stream == "stdout" else ""
    return output


def lines(words: Sequence[str], *, uv: Path | None = None) -> Iterator[tuple[str, str]]:
    """Run `uv WORDS`, yield each line of stderr as it comes, then stdout as one piece.

    Closing the iterator kills uv. Raises TargetError with uv's own words when it fails.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mlops-uv-") as folder,
        tempfile.TemporaryFile("w+", encoding="utf-8") as stdout,
    ):
        said: list[str] = []
        child = _start([str(uv or _program()), "--no-config", *words], folder, stdout.fileno())
        try:
            for line in child.stderr or ():
                said.append(line)
                yield "stderr", line
            code = child.wait()
        finally:
            end(child)
        if code != 0:
            raise (WheelError if _wants_source(said) else TargetError)(problem(said, code))
        stdout.seek(0)
        yield "stdout", stdout.read()


def _program() -> Path:
    from uv import find_uv_bin  # noqa: PLC0415 - only what builds an environment needs it

    return Path(find_uv_bin())


def _start(words: Sequence[str], folder: str, stdout: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=clean(os.environ),
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def end(child: subprocess.Popen[Any]) -> None:
    """Kill uv and whatever it started, if it still runs."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.stderr:
        child.stderr.close()


def problem(said: Sequence[str], code: int) -> Problem:
    """Return uv's own words as one problem, with what to do about it."""
    errors, hints = _sentences(said)
    text = " ".join([*errors, *hints])
    if "No solution found" in text:
        return _unsolved(errors)
    if "Request failed" in text or "error sending request" in text or "Failed to fetch" in text:
        return Problem(
            summary=f"the package index did not answer: {': '.join(dict.fromkeys(errors))}",
            hint="check the network, or name another index with `UV_DEFAULT_INDEX`",
        )
    summary = ": ".join(errors) or f"it ended with exit code {code}"
    return Problem(
        summary=f"`uv` failed: {summary}",
        hint=" ".join(hints) or "read the message of `uv`, then run the command again",
    )


def _unsolved(errors: Sequence[str]) -> Problem:
    causes = [error for error in errors if "No solution found" not in error]
    reason = " ".join(causes).removeprefix("Because ").split(", we can conclude")[0]
    if _no_wheel(reason):
        return Problem(
            summary=f"a required package has no wheel for this machine: {reason}",
            hint="only wheels are installed, since building from source runs the code of a package;"
            " ask for a version that has a wheel for this Python and platform",
        )
    return Problem(
        summary=f"the required packages do not fit together: {reason}",
        hint="correct the names and versions in the list of required packages",
    )


def _wants_source(said: Sequence[str]) -> bool:
    errors, _ = _sentences(said)
    return any("No solution found" in error for error in errors) and _no_wheel(" ".join(errors))


def _no_wheel(text: str) -> bool:
    return "no usable wheels" in text or "no wheels with a matching" in text


def _sentences(said: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return errors (with their causes) and hints, one sentence each, unwrapped and unmarked."""
    errors: list[str] = []
    hints: list[str] = []
    current: list[str] = []
    for line in said:
        found = _MARKS.match(line)
        text = _PASSWORD.sub("", line[found.end() :] if found else line).strip().rstrip(".")
        if found and (found[1] or found[2]):
            current = {"hint": hints, "warning": []}.get(found[1], errors)
            current.append(text)
        elif not text:
            current = []
        elif current:
            current[-1] += f" {text}"
    return errors, hints

"""Unpacks locked wheels for another machine: by `uv`, out of its cache. Runs nothing of theirs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from mlops.environments import uv as program
from mlops.environments.lock import interpreter_for
from mlops.errors import MlopsError, Problem, TargetError
from mlops.plain import NOTHING
from mlops.values import Progress

_TOLD = ("Downloading ", "Prepared ", "Installed ")
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_GLIBC = (17, 28, *range(31, 41))
"""The second number of each glibc that uv knows a platform of; the first is 2."""


def wheel_platform(platform: str, glibc: str) -> str:
    """Return what uv calls `linux/amd64` with a glibc like `2.36`. Raises TargetError."""
    machine = _MACHINES.get(platform.removeprefix("linux/").split("/")[0])
    minor = int(glibc.partition(".")[2])
    known = [number for number in _GLIBC if number <= minor]
    if machine is None or not known:
        raise TargetError(
            Problem(
                summary=f"there are no wheels for `{platform}` with glibc {glibc}",
                hint="use `linux/amd64` or `linux/arm64` with glibc 2.17 or newer",
            )
        )
    return f"{machine}-manylinux_2_{known[-1]}"


def unpack(
    lock: str, python: str, platform: str, folder: Path, built: Mapping[str, Path] = NOTHING
) -> Iterator[Progress]:
    """Unpack the packages of a lock into `folder`. Closing it kills uv. Raises TargetError.

    `python` is `3.11`-like, `platform` one of `wheel_platform`; `built` are wheels, by their names,
    that no index has.
    """
    if not locked_packages(lock):
        return
    listed = folder.with_name(f"{folder.name}.txt")
    listed.write_text(lock, encoding="utf-8")
    words = [
        *("pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--python", str(interpreter_for(python)), "--python-version", python),
        *("--python-platform", platform, "--target", str(folder)),
        *("--requirements", str(listed)),
        *_near(built, folder.with_name(f"{folder.name}.wheels")),
    ]
    for stream, line in program.lines(words):
        if stream == "stderr" and line.startswith(_TOLD):
            yield Progress(text=line.strip())


def _near(built: Mapping[str, Path], folder: Path) -> list[str]:
    """Return what tells uv of wheels that lie here, each under its name in a folder."""
    if not built:
        return []
    folder.mkdir()
    for name, file in built.items():
        folder.joinpath(name).symlink_to(file.absolute())
    return ["--find-links", str(folder)]


def locked_packages(lock: str) -> tuple[str, ...]:
    """Return the packages of a lock, as `numpy==1.26.4`."""
    lines = (line.split(" ")[0] for line in lock.splitlines() if line and line[0] not in "# ")
    return tuple(line for line in lines if "==" in line)


def with_platform(error: MlopsError, platform: str) -> TargetError:
    """Return uv's words about wheels as they are meant for an image of `platform`."""
    kind = type(error) if isinstance(error, TargetError) else TargetError
    return kind(
        *(
            Problem(
                summary=problem.summary.replace("for this machine", f"for `{platform}`"),
                hint=problem.hint,
            )
            for problem in error.problems
        )
    )

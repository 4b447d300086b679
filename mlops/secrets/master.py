"""The master secret of a project: from its place, or on this machine alone a file of our making."""

import os
import secrets
from pathlib import Path
from threading import Lock

from mlops.errors import Problem, TargetError
from mlops.keys import generated
from mlops.secrets.reader import SecretReader
from mlops.spec import SecretRef
from mlops.values import Address

OTHERS = 0o077
"""Bits of a file's mode that let others read or write it."""


class Master:
    """Makes the keys of a project. `file` is where a master may be made; None where none may."""

    def __init__(self, ref: SecretRef | None, file: Path | None, reader: SecretReader) -> None:
        self._ref = ref
        self._file = file
        self._reader = reader
        self._value = ""
        self._lock = Lock()

    @property
    def missing(self) -> bool:
        """Tell whether no master can be had, since the file names none."""
        return self._ref is None and self._file is None

    def key(self, address: Address, slot: str, generation: int) -> str:
        """Return a key of a service, which is from then on shown by nothing else."""
        made = generated(self._master(), address, slot, generation)
        self._reader.hide(made)
        return made

    def _master(self) -> str:
        with self._lock:
            if not self._value:
                self._value = self._found()
                self._reader.hide(self._value)
            return self._value

    def _found(self) -> str:
        if self._ref is not None:
            return self._reader.read(self._ref).value
        if self._file is None:
            raise TargetError(no_master())
        return _kept(self._file)


def no_master() -> Problem:
    """Return what is wrong where keys are wanted, and several machines would make them."""
    return Problem(
        summary="keys need a master secret that every machine can read",
        hint="write `master_secret: {secret: env/NAME}` at the top of the file, or its like",
    )


def _kept(path: Path) -> str:
    """Return what the file holds; make it first where it is missing. Two at once make one."""
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & OTHERS:
            raise TargetError(
                Problem(
                    summary=f"the master secret `{path}` is open to others",
                    hint=f"run `chmod 600 {path}`, and rotate the keys if somebody read it",
                )
            )
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        because = getattr(error, "strerror", None) or "it is no text"
        raise TargetError(
            Problem(
                summary=f"the master secret `{path}` can't be used: {because}",
                hint="make it readable, or write `master_secret: {secret: …}` in the file",
            )
        ) from error


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")  # no commit may hold it
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()

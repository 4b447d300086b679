"""From an instance folder to a service: lock, settings, links, socket, then serve until told."""

import errno
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from .begin import Begun, begin, spawned
from .failure import Failure
from .instance import Record, length, lock, tail
from .limits import UnfitError
from .logs import reshape, start_log
from .rotation import Rotation
from .settings import digest, raw
from .signals import postpone
from .taking import ASK, Taking, ask

TAKEN = 75
"""Exit code when another server holds the folder (EX_TEMPFAIL)."""
UNFIT = 1

log = logging.getLogger("mlops_serving")


def main(words: list[str]) -> int:
    """Serve the instance folder that is named on the command line; return the exit code."""
    if len(words) != 1:
        sys.stderr.write("usage: python -I <this folder> FOLDER\n")
        return UNFIT
    # Until it is listened to: the default would kill, and to ignore it would be inherited.
    signal.signal(signal.SIGHUP, lambda *_: None)
    folder = Path(os.path.abspath(words[0]))  # noqa: PTH100 - links in the path stay as they are
    try:
        held = lock(folder)
    except OSError as error:
        sys.stderr.write(unwritable(folder, error))
        return UNFIT
    asked = os.environ.pop(ASK, "")  # no worker needs to know
    taking = ask(folder, fingerprint(folder)) if held is None and asked else None
    if held is None and taking is None:
        sys.stderr.write(f"{folder} is in use by another server\n")
        return TAKEN
    start_log()
    return serve(folder, held, taking)


def unwritable(folder: Path, error: OSError) -> str:
    """Say why the folder cannot be served, and what a container lacks whose root is read-only."""
    told = f"{folder} cannot be written to: {error.strerror or error}\n"
    if error.errno != errno.EROFS:
        return told
    return f"{told}give it a volume there: docker run --read-only --tmpfs /tmp -v {folder} ...\n"


def serve(folder: Path, held: int | None, taking: Taking | None) -> int:
    """Serve a folder that is ours, or that another server is about to leave to us."""
    record = Record(folder, muted=taking is not None)
    log_start = length(folder)
    rotation: Rotation | None = None
    try:
        begun = begin(folder, record, taking)
        reshape(begun.settings.logs)
        if begun.settings.log_file is not None:
            rotation = Rotation(begun.settings.log_file)
    except UnfitError as problem:
        log.error("%s", problem)  # noqa: TRY400 - a sentence, no traceback
        record.fail(str(problem), [])
        if taking is not None:
            taking.fail(Failure(summary=str(problem), log=[]))
        return UNFIT
    host, port = begun.listener.getsockname()[:2]
    log.info("%s starts on http://%s:%d", begun.settings.service, host, port)
    try:
        return run(begun, held, taking, lambda: last_lines(folder, log_start, rotation))
    finally:
        if rotation is not None:
            rotation.end()


def run(
    begun: Begun, held: int | None, taking: Taking | None, last_lines: Callable[[], list[str]]
) -> int:
    """Serve with workers that begin while the rest of the front is imported."""
    early = spawned(begun)
    postpone()  # after that: no worker may inherit it
    from .service import Service  # noqa: PLC0415 - as slow as the workers, which need none of it

    service = Service(begun, early)
    service.lock, service.taking = held, taking
    return service.run(begun.listener, last_lines)


def last_lines(folder: Path, start: int, rotation: Rotation | None) -> list[str]:
    """Return the last lines of the log, once they are written."""
    if rotation is not None:
        rotation.end()
    return tail(folder, start)


def fingerprint(folder: Path) -> str:
    """Return the digest of the settings as they are now, if they can be read."""
    try:
        return digest(raw(folder))
    except UnfitError:
        return ""

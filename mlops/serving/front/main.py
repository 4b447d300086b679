"""From an instance folder to a service: lock, settings, links, socket, then serve until told."""

import errno
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from .crew import Failure
from .handover import ASK, Taking, ask
from .instance import Record, length, link, lock, prune, tail
from .limits import UnfitError
from .logs import reshape, start_log
from .rotation import Rotation
from .service import Service
from .settings import Settings, digest, raw, settings

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
        wanted, name = settings(folder)
        record.write(settings=name, host=wanted.host, port=wanted.port)
        listener = inherited(wanted, taking.listener) if taking else listen(wanted)
        record.write(port=listener.getsockname()[1])
        models = link(folder, wanted.models)
        if taking is None:
            prune(folder, wanted.models)
        service = Service(wanted, folder, record, models)
        service.lock, service.taking = held, taking
        reshape(wanted.logs)
        if wanted.log_file is not None:
            rotation = Rotation(wanted.log_file)
    except UnfitError as problem:
        log.error("%s", problem)  # noqa: TRY400 - a sentence, no traceback
        record.fail(str(problem), [])
        if taking is not None:
            taking.fail(Failure(summary=str(problem), log=[]))
        return UNFIT
    log.info("%s starts on http://%s:%d", wanted.service, *listener.getsockname()[:2])
    try:
        return service.run(listener, lambda: last_lines(folder, log_start, rotation))
    finally:
        if rotation is not None:
            rotation.end()


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


def inherited(wanted: Settings, listener: socket.socket) -> socket.socket:
    """Refuse to take over a socket that the settings do not mean."""
    host, port = listener.getsockname()[:2]
    if wanted.port not in (0, port):
        raise UnfitError(f"the server in use listens on port {port} of {host}: end it first")
    return listener


def listen(wanted: Settings) -> socket.socket:
    """Bind the port."""
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    address = (wanted.host, wanted.port)
    try:
        return socket.create_server(address, family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnfitError(f"port {wanted.port} of {wanted.host} is not free: {reason}") from None

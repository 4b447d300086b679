"""From an instance folder to a service: lock, settings, links, socket, then serve until told."""

import logging
import os
import signal
import socket
import sys
from pathlib import Path

from .instance import Record, length, link, lock, prune, tail
from .limits import UnfitError
from .logs import reshape, start_log
from .service import Service
from .settings import Settings, settings

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
    held = lock(folder)
    if held is None:
        sys.stderr.write(f"{folder} is in use by another server\n")
        return TAKEN
    start_log()
    record = Record(folder)
    log_start = length(folder)
    try:
        wanted, digest = settings(folder)
        record.write(settings=digest, host=wanted.host, port=wanted.port)
        listener = listen(wanted)
        record.write(port=listener.getsockname()[1])
        models = link(folder, wanted.models)
        prune(folder, wanted.models)
        service = Service(wanted, folder, record, models)
        reshape(wanted.logs)
    except UnfitError as problem:
        log.error("%s", problem)  # noqa: TRY400 - a sentence, no traceback
        record.fail(str(problem), [])
        return UNFIT
    log.info("%s starts on http://%s:%d", wanted.service, *listener.getsockname()[:2])
    return service.run(listener, lambda: tail(folder, log_start))


def listen(wanted: Settings) -> socket.socket:
    """Bind the port."""
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    address = (wanted.host, wanted.port)
    try:
        return socket.create_server(address, family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnfitError(f"port {wanted.port} of {wanted.host} is not free: {reason}") from None

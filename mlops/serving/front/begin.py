"""What a service begins with: everything that its settings may get wrong, and its first workers.

Imports no event loop, which takes as long as a worker needs to begin.
"""

import contextlib
import socket
from pathlib import Path
from typing import Any, NamedTuple

from .instance import Record, link, prune
from .launch import launch
from .limits import UnfitError
from .routes import Rules
from .settings import Settings, settings
from .spawn import Launch, Spawned, spawn
from .taking import Taking


class Begun(NamedTuple):
    """A service whose settings can be served."""

    folder: Path
    record: Record
    listener: socket.socket
    settings: Settings
    rules: Rules
    certificate: Any
    launch: Launch


def begin(folder: Path, record: Record, taking: Taking | None) -> Begun:
    """Read the settings, take the port, link the models. Raises UnfitError."""
    wanted, name = settings(folder)
    record.write(settings=name, host=wanted.host, port=wanted.port)
    listener = inherited(wanted, taking.listener) if taking else listen(wanted)
    record.write(port=listener.getsockname()[1])
    models = link(folder, wanted.models)
    if taking is None:
        prune(folder, wanted.models)
    return Begun(
        folder=folder,
        record=record,
        listener=listener,
        settings=wanted,
        rules=Rules(wanted, name),
        certificate=certified(wanted),
        launch=launch(wanted, folder, models),
    )


def certified(wanted: Settings) -> Any:
    """Return the certificate of a service, if it has one."""
    if wanted.tls is None:
        return None
    from .tls import Certificate  # noqa: PLC0415 - most services do without

    return Certificate(wanted.tls)


def spawned(begun: Begun) -> list[Spawned]:
    """Start the first workers; none if one cannot be, which is told once they are awaited."""
    found: list[Spawned] = []
    with contextlib.suppress(OSError):
        found.extend(spawn(begun.launch) for _ in range(begun.settings.limits.workers))
    return found


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

"""Who listens on this machine; of several servers of one folder, the one that is meant."""

from collections.abc import Iterable

from msgspec.structs import replace

from mlops.clients import listeners
from mlops.clients.listeners import Listener
from mlops.targets.process import world


def listening(ports: Iterable[int]) -> list[Listener]:
    """Return who listens on these ports: of servers that share their socket, the one meant."""
    return [replace(found, pid=_spokesman(found.pid)) for found in listeners.listening(ports)]


def _spokesman(pid: int | None) -> int | None:
    folder = world.served_folder(pid) if pid else None
    return world.server(folder) if folder else pid

"""Who listens on this machine, told from its table of connections."""

import os
import socket
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

TABLES = {
    socket.AF_INET: Path("/proc/net/tcp"),
    socket.AF_INET6: Path("/proc/net/tcp6"),
}
LISTENING = " 0A "
"""How Linux tells the state of a socket that listens: TCP_LISTEN of its net/tcp_states.h."""


class Listener(Struct, frozen=True, kw_only=True):
    """A process that listens on a port of an address, by its name, and what to call it."""

    host: str
    port: int
    pid: int | None
    name: str
    words: str


class Socket(Struct, frozen=True, kw_only=True):
    """A socket that listens: where, and its number in the kernel."""

    host: str
    port: int
    inode: str


def listening(ports: Iterable[int]) -> list[Listener]:
    """Return who listens on these ports. Raises psutil.Error where nobody may know."""
    wanted = set(ports)
    if TABLES[socket.AF_INET].exists():
        sockets = [
            found for family, table in TABLES.items() for found in listed(table, family, wanted)
        ]
        owners = _owners({one.inode for one in sockets})
        return [_listener(one.host, one.port, owners.get(one.inode)) for one in sockets]
    return asked_of_psutil(wanted)


def listed(table: Path, family: socket.AddressFamily, ports: Collection[int]) -> Iterator[Socket]:
    """Yield what listens on some ports by a table of Linux; none if there is no table.

    Connections are passed over unread: after some traffic there are ten thousands.
    """
    if not table.exists():
        return
    with table.open(encoding="ascii") as lines:
        for line in lines:
            if LISTENING in line:
                fields = line.split()
                address, _, port = fields[1].partition(":")
                if int(port, 16) in ports:
                    host = socket.inet_ntop(family, _packed(address))
                    yield Socket(host=host, port=int(port, 16), inode=fields[9])


def asked_of_psutil(ports: Collection[int]) -> list[Listener]:
    """Return who listens on some ports of a machine that is no Linux."""
    import psutil  # noqa: PLC0415  loaded late: few runs ask

    return [
        _listener(connection.laddr.ip, connection.laddr.port, connection.pid)
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port in ports
    ]


def _packed(address: str) -> bytes:
    """Return an address as it goes over the wire: the table tells words, as the processor does."""
    words = (address[at : at + 8] for at in range(0, len(address), 8))
    return b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)


def _owners(inodes: Collection[str]) -> dict[str, int]:
    """Return a process that has each socket open, where that may be known: the newest of several.

    It looks at no more processes than it takes to know.
    """
    unknown = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, int] = {}
    names = filter(str.isdecimal, os.listdir("/proc")) if unknown else ()  # noqa: PTH208  as below
    for pid in sorted(map(int, names), reverse=True):
        for link in _links(f"/proc/{pid}/fd"):
            if link in unknown:
                found[unknown.pop(link)] = pid
        if not unknown:
            break
    return found


def _links(folder: str) -> Iterator[str]:
    """Yield what the files that a process has open are, but for what is gone or not ours to ask.

    There are thousands: as a `Path`, each would take ten times as long.
    """
    with suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208  see above
            with suppress(OSError):
                yield os.readlink(f"{folder}/{name}")  # noqa: PTH115  see above


def _listener(host: str, port: int, pid: int | None) -> Listener:
    name = _name(pid)
    known = f"`{name}` (process {pid})" if name else f"process {pid}"
    words = "another process" if pid is None else known
    return Listener(host=host, port=port, pid=pid, name=name, words=words)


def _name(pid: int | None) -> str:
    """Return the name of a process; empty if nobody knows."""
    import psutil  # noqa: PLC0415  loaded late, as above

    try:
        return str(psutil.Process(pid).name()) if pid is not None else ""
    except psutil.Error:
        return ""

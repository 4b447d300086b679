"""Who listens on this machine, told from its table of connections."""

from collections.abc import Iterable

from msgspec import Struct


class Listener(Struct, frozen=True, kw_only=True):
    """A process that listens on a port of an address, by its name, and what to call it."""

    host: str
    port: int
    pid: int | None
    name: str
    words: str


def listening(ports: Iterable[int]) -> list[Listener]:
    """Return who listens on these ports. Raises psutil.Error where nobody may know."""
    import psutil  # noqa: PLC0415  loaded late: few runs ask

    wanted = set(ports)
    return [
        Listener(
            host=connection.laddr.ip,
            port=connection.laddr.port,
            pid=connection.pid,
            **_named(connection.pid),
        )
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port in wanted
    ]


def _named(pid: int | None) -> dict[str, str]:
    if pid is None:
        return {"name": "", "words": "another process"}
    import psutil  # noqa: PLC0415  loaded late, as above

    try:
        name = psutil.Process(pid).name()
    except psutil.Error:
        return {"name": "", "words": f"process {pid}"}
    return {"name": name, "words": f"`{name}` (process {pid})"}

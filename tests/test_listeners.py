"""Who listens is told as psutil tells it, however many connections there are."""

import os
import socket
import time
from pathlib import Path

import psutil
import pytest
from walk import free_port

from mlops.clients.listeners import Listener, Socket, asked_of_psutil, listed, listening

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="no Linux")

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  inode\n"
WAITING = "   1: 0100007F:1F90 0100007F:CD52 06 00000000:00000000 03:00001545 00000000 0 0 0 3 0\n"
LISTENS = "   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1 0\n"


def by_host(found: list[Listener]) -> list[Listener]:
    return sorted(found, key=lambda one: (one.host, one.port))


def test_who_listens_is_told_and_no_connection(request: pytest.FixtureRequest) -> None:
    port = free_port()
    first = socket.create_server(("127.0.0.1", port))
    second = socket.create_server(("127.0.0.2", port))
    other = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(("127.0.0.1", port))
    for one in (first, second, other, client):
        request.addfinalizer(one.close)

    found = by_host(listening([port]))

    name = psutil.Process().name()
    words = f"`{name}` (process {os.getpid()})"
    assert found == [
        Listener(host=host, port=port, pid=os.getpid(), name=name, words=words)
        for host in ("127.0.0.1", "127.0.0.2")
    ]
    assert found == by_host(asked_of_psutil({port}))


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_addresses_of_version_6_are_told_as_psutil_tells_them(host: str) -> None:
    with socket.create_server((host, 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]

        (found,) = listening([port])

        assert (host, port, os.getpid()) == (found.host, found.port, found.pid)
        assert [found] == asked_of_psutil({port})


def test_nobody_listens_on_a_port_that_is_free() -> None:
    assert [] == listening([free_port()])


def test_a_socket_that_is_bound_and_does_not_listen_is_not_told() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        assert [] == listening([bound.getsockname()[1]])


def test_forty_thousand_connections_cost_less_than_a_tenth_of_a_second(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(HEAD + WAITING * 40_000 + LISTENS)
    began = time.process_time()

    found = list(listed(table, socket.AF_INET, {8080}))

    assert time.process_time() - began < 0.1
    assert [Socket(host="127.0.0.1", port=8080, inode="77")] == found


def test_without_a_table_nobody_listens(tmp_path: Path) -> None:
    assert [] == list(listed(tmp_path / "tcp6", socket.AF_INET6, {8080}))
